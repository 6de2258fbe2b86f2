// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace guestdump::linux_guest {

/// The task or CPU that wrote a message. [linux kernel/printk/printk.c, printk_caller_id()]
struct LogCaller {
    bool is_cpu = false;  ///< a CPU outside of tasks: in an interrupt, or early in boot
    uint32_t number = 0;  ///< number of the CPU, or ID of the thread
};

/// One message of the kernel's log.
struct LogRecord {
    uint64_t time = 0;                ///< nanoseconds since the kernel's clock began
    uint8_t facility = 0;             ///< [linux include/linux/syslog.h] 0: the kernel
    uint8_t level = 0;                ///< 0 (emergency) to 7 (debug)
    std::optional<LogCaller> caller;  ///< empty if the kernel does not store it
    std::string text;  ///< as the guest wrote it, not escaped; may have several lines
};

/// The kernel's log, oldest message first.
struct KernelLog {
    std::vector<LogRecord> records;
    /// Why records are missing, for people; empty if the log was read to its end.
    std::string incomplete;
};

/// Limit on the text of a log, bytes. A kernel's log has 128 KiB to 16 MiB.
inline constexpr size_t kMostLogText = 64u << 20;
/// Limit on the number of messages.
inline constexpr size_t kMostLogRecords = 1u << 20;

}  // namespace guestdump::linux_guest
