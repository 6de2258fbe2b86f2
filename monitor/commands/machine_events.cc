// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/machine_events.h"

namespace guestdump::monitor {
namespace {

/// @Event is ResetEvent or ShutdownEvent.
template <class Event>
Event with_cause(const vm::MachineEvent& event) {
    const vm::ShutdownCause cause = event.cause.value_or(vm::ShutdownCause::host_signal);
    return {.guest = vm::caused_by_guest(cause), .reason = cause};
}

}  // namespace

void emit_machine_event(EventHub& events, const vm::MachineEvent& event) {
    switch (event.kind) {
        case vm::MachineEvent::Kind::stop:
            return events.emit(qapi::StopEvent{});
        case vm::MachineEvent::Kind::resume:
            return events.emit(qapi::ResumeEvent{});
        case vm::MachineEvent::Kind::reset:
            return events.emit(with_cause<qapi::ResetEvent>(event));
        case vm::MachineEvent::Kind::shutdown:
            return events.emit(with_cause<qapi::ShutdownEvent>(event));
    }
}

}  // namespace guestdump::monitor
