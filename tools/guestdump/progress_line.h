// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "dump/progress.h"
#include "tools/progress_display.h"

namespace guestdump::tools {

/// While it lives, tells on stderr how far a dump of this process has come, where that is a
/// terminal.
class ProgressLine {
  public:
    /// @progress is in bytes of @total and must outlive this. @quiet: tell nothing.
    ProgressLine(const dump::Progress& progress, uint64_t total, bool quiet);
    ~ProgressLine();

  private:
    void run(std::stop_token stop);

    const dump::Progress& progress_;
    const uint64_t total_;
    ProgressDisplay display_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  ///< last: it uses the rest
};

}  // namespace guestdump::tools
