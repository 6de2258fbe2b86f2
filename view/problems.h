// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "qapi/types.h"

namespace guestdump::view {

/// The problem that @message, one of the kernel's log, reports. `running` if it reports none.
qapi::GuestCondition condition_of(std::string_view message);

/// The problems that the kernel's messages in a log report.
struct Problems {
    qapi::GuestCondition worst = qapi::GuestCondition::running;
    std::string reason;                          ///< last message that reports `worst`
    std::vector<qapi::GuestLogRecord> messages;  ///< last messages about problems, oldest first
    size_t hung_tasks = 0;                       ///< number of messages about hung tasks
};

/// Finds the problems in @log. Keeps at most @most_messages messages, the newest ones.
Problems problems_in(const qapi::GuestLog& log, size_t most_messages);

}  // namespace guestdump::view
