// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/event_hub.h"

#include <json-c/json.h>
#include <time.h>

#include <utility>

namespace guestdump::monitor {
namespace {

Json timestamp() {
    timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    qapi::ObjectWriter writer;
    writer.member("seconds", int64_t{now.tv_sec});
    writer.member("microseconds", int64_t{now.tv_nsec / 1000});
    return std::move(writer).take();
}

}  // namespace

void EventHub::add(EventListener& listener) {
    listeners_.push_back(&listener);
}

void EventHub::remove(EventListener& listener) {
    std::erase(listeners_, &listener);
}

void EventHub::tell(std::string_view name, Json data) {
    const Json event = qapi::make_object();
    qapi::add(event, "timestamp", timestamp());
    qapi::add(event, "event", qapi::to_json(name));
    if (json_object_object_length(data.get()) > 0) qapi::add(event, "data", std::move(data));
    for (EventListener* listener : listeners_) listener->on_event(event.get());
}

}  // namespace guestdump::monitor
