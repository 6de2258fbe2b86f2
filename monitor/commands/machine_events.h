// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "monitor/qmp/event_hub.h"
#include "vm/machine.h"

namespace guestdump::monitor {

/// Sends the QMP event for @event: STOP, RESUME, RESET or SHUTDOWN.
void emit_machine_event(EventHub& events, const vm::MachineEvent& event);

}  // namespace guestdump::monitor
