// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "qapi/types.h"
#include "view/guest_look.h"

namespace guestdump::view {

/// Reports the state of a guest. Each part that cannot be read is missing from the report, and a
/// warning says why.
qapi::GuestReport report_view(GuestLook& look);

/// As report_view(), for a guest that has not been opened yet. If it cannot be opened, the
/// condition is `unknown` and a warning says why.
qapi::GuestReport report_of(GuestMoment moment, const LookOptions& options,
                            const util::Cancellation& cancellation);

/// A report without contents: its condition is `unknown`, and its one warning is @why.
qapi::GuestReport no_report(const std::string& why);

/// @report as text for people, about one screen long.
std::string report_text(const qapi::GuestReport& report);

/// The condition of the kernel in a few words: "running", "panicked: sysrq triggered crash",
/// "hung tasks: 3". Uses the log, which can be found without symbols and types, and the variable
/// panic_cpu if there are symbols. Errors: the log cannot be read.
Result<std::string> condition_text(GuestLook& look);

}  // namespace guestdump::view
