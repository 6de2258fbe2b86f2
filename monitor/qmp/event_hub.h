// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "monitor/command.h"
#include "qapi/marshal.h"

namespace guestdump::monitor {

/// Receives events. Must not add or remove listeners while it does.
class EventListener {
  public:
    virtual ~EventListener() = default;
    virtual void on_event(json_object* event) = 0;
};

/// Sends events to all listeners.
class EventHub {
  public:
    void add(EventListener& listener);
    void remove(EventListener& listener);

    /// @Event is an event of the schema, for example qapi::StopEvent.
    template <class Event>
    void emit(const Event& event) {
        tell(Event::kName, qapi::to_json(event));
    }

  private:
    void tell(std::string_view name, Json data);

    std::vector<EventListener*> listeners_;
};

}  // namespace guestdump::monitor
