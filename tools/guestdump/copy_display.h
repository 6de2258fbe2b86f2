// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/guestdump/command_progress.h"

namespace guestdump::tools {

/// Shows, while it exists, that a stream is being copied or unpacked: on a terminal in one line
/// that is updated, off a terminal in one line at the start, and for programs by reports.
class CopyDisplay {
  public:
    /// @command: "convert". @what: "copying stdin into a temporary file in /var/tmp". @progress
    /// decides for whom it is printed; nullptr: for people. Must outlive this.
    CopyDisplay(const char* command, std::string what, CommandProgress* progress);
    ~CopyDisplay();
    CopyDisplay(const CopyDisplay&) = delete;
    CopyDisplay& operator=(const CopyDisplay&) = delete;

    /// @bytes have been read so far.
    void show(uint64_t bytes);

  private:
    using Clock = std::chrono::steady_clock;

    std::string what_;
    CommandProgress* progress_;
    ProgressStyle style_;
    bool terminal_;
    bool shown_ = false;
    const Clock::time_point start_ = Clock::now();
    Clock::time_point next_ = start_;
};

}  // namespace guestdump::tools
