// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "monitor/command.h"
#include "monitor/monitor.h"
#include "qapi/types.h"

namespace guestdump::monitor {

/// Looks into the kernel of the machine's guest on another thread, and calls @done with the report.
/// A guest that runs is not stopped for it. Main loop. Errors: those of inspect().
Result<> report_guest(Monitor& monitor, const Completion<qapi::GuestReport>& done);

}  // namespace guestdump::monitor
