// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "qapi/types.h"
#include "tools/guestdump/progress_options.h"
#include "tools/progress_display.h"
#include "util/result.h"

namespace guestdump::tools {

/// Prints on stderr how far a command is, in the style that its command line asks for. Any thread.
class CommandProgress {
  public:
    /// @where: what ProgressStyle::people shows, and where.
    CommandProgress(const char* command, ProgressStyle style, ProgressDisplay::Where where);

    ProgressStyle style() const { return style_; }
    bool shows_anything() const { return json() || display_.shows_anything(); }

    /// All later reports name the file @path, as it was given.
    void set_file(const std::string& path);

    /// Begins @phase. @total: bytes of guest memory to be read, if that is known now.
    void enter(qapi::ProgressPhase phase, std::optional<uint64_t> total = std::nullopt);

    /// Shows @view, whose member @seconds is ignored, in the current phase.
    void show(ProgressView view);
    /// Notes @completed and @total, and prints nothing.
    void note(uint64_t completed, uint64_t total);
    /// Removes the line of a terminal.
    void clear();

    /// Prints the last report of a command whose exit status is @status, and returns @status.
    Result<int> end(Result<int> status);

  private:
    bool json() const { return style_ == ProgressStyle::json; }
    double seconds() const;
    void print() const;

    const ProgressStyle style_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::mutex mutex_;  ///< protects the members below
    ProgressDisplay display_;
    qapi::ProgressReport report_;
};

}  // namespace guestdump::tools
