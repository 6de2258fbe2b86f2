// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/libvirt_events.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <algorithm>

namespace guestdump::attach {
namespace {

using std::chrono::ceil, std::chrono::milliseconds, std::chrono::steady_clock;

Error events_error() {
    return Error::make("libvirt's events: %s", virGetLastErrorMessage());
}

}  // namespace

Result<> LibvirtEvents::prepare() {
    if (virEventRegisterDefaultImpl() < 0) return events_error();
    return {};
}

Result<std::unique_ptr<LibvirtEvents>> LibvirtEvents::of(virConnectPtr connection,
                                                         virDomainPtr domain) {
    std::unique_ptr<LibvirtEvents> events(new LibvirtEvents(connection));
    // virEventRunDefaultImpl() has no timeout of its own. This timer makes it return.
    events->timer_ = virEventAddTimeout(
        -1, [](int timer, void*) { virEventUpdateTimeout(timer, -1); }, nullptr, nullptr);
    if (events->timer_ < 0) return events_error();
    const auto keep = [](virConnectPtr, virDomainPtr, const char* name, long long seconds,
                         unsigned microseconds, const char*, void* self) {
        static_cast<LibvirtEvents*>(self)->events_.push_back(
            {.name = name, .time_us = int64_t{seconds} * 1000000 + microseconds});
    };
    events->callback_ = virConnectDomainQemuMonitorEventRegister(
        connection, domain, "^(STOP|RESUME)$", keep, events.get(), nullptr,
        VIR_CONNECT_DOMAIN_QEMU_MONITOR_EVENT_REGISTER_REGEX);
    if (events->callback_ < 0) return events_error();
    return events;
}

LibvirtEvents::~LibvirtEvents() {
    if (callback_ >= 0) virConnectDomainQemuMonitorEventDeregister(connection_, callback_);
    if (timer_ >= 0) virEventRemoveTimeout(timer_);
}

std::optional<int64_t> LibvirtEvents::take_kept(std::string_view name) {
    const auto found = std::ranges::find(events_, name, &Event::name);
    if (found == events_.end()) return std::nullopt;
    const int64_t time = found->time_us;
    events_.erase(found);
    return time;
}

/// Runs libvirt's event loop until something has happened, at most for @most. False: libvirt's
/// error.
bool LibvirtEvents::run_loop(milliseconds most) {
    virEventUpdateTimeout(timer_, static_cast<int>(most.count()));
    return virEventRunDefaultImpl() >= 0;
}

void LibvirtEvents::serve() {
    // One turn reads a message, the next one sends the answer, and the second of a pair of events
    // may come with either.
    for (int turn = 0; turn < 2; ++turn) {
        // Events that are lost are missed in take().
        if (!run_loop(milliseconds(0))) return;
    }
}

Result<std::optional<int64_t>> LibvirtEvents::take(std::string_view name, milliseconds patience) {
    const auto end = steady_clock::now() + patience;
    while (true) {
        const std::optional<int64_t> time = take_kept(name);
        const auto left = ceil<milliseconds>(end - steady_clock::now());
        if (time || left.count() <= 0) return time;
        if (!run_loop(left)) return events_error();
    }
}

}  // namespace guestdump::attach
