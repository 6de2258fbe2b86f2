// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "dump/progress.h"
#include "tools/guestdump/command_progress.h"

namespace guestdump::tools {

/// While it exists, shows how far an operation of this process is.
class ProgressLine {
  public:
    /// @progress counts up to @total bytes. It and @shown must outlive this.
    ProgressLine(const dump::Progress& progress, uint64_t total, CommandProgress& shown);
    /// Notes in @shown how far the operation came.
    ~ProgressLine();

  private:
    void run(std::stop_token stop);

    const dump::Progress& progress_;
    const uint64_t total_;
    CommandProgress& shown_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  ///< last: it uses the other members
};

}  // namespace guestdump::tools
