// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "linux/guest_kernel.h"
#include "linux/log/log_record.h"
#include "qapi/types.h"

namespace guestdump::view {

/// Which messages of a log are wanted.
struct LogFilter {
    uint8_t most_level = 7;         ///< least important level included: 0 (emergency) to 7 (debug)
    std::optional<uint64_t> since;  ///< earliest time, nanoseconds of the kernel's clock
};

/// @record as the QAPI type, with bytes of its text that cannot be printed escaped.
qapi::GuestLogRecord log_record_view(const linux_guest::LogRecord& record);

/// The messages of the kernel's log that pass @filter, oldest first. Errors: the log cannot be
/// found or read.
Result<qapi::GuestLog> log_view(linux_guest::GuestKernel& kernel, const LogFilter& filter);

/// The messages of @log that @filter picks, escaped. If their text is longer than 64 MiB then, the
/// oldest ones are left out, and GuestLog::incomplete says so.
qapi::GuestLog log_view(const linux_guest::KernelLog& log, const LogFilter& filter);

/// Fields that a printed log line has in addition to time and text.
struct LogDetail {
    bool caller = false, level = false;
};

/// A message as dmesg(1) prints it; every line ends with a line feed.
std::string log_record_text(const qapi::GuestLogRecord& record, const LogDetail& detail);
/// All messages of @log, each as log_record_text() prints it.
std::string log_text(const qapi::GuestLog& log, const LogDetail& detail);

/// Parses a log level, given by name ("err") or number ("3"). Empty if there is no such level.
std::optional<uint8_t> parse_level(std::string_view text);

}  // namespace guestdump::view
