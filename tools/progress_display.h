// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tools/progress_text.h"

namespace guestdump::tools {

/// Shows on stderr how far a dump is: on a terminal in one line that is updated, otherwise in plain
/// lines, one for each tenth. One thread.
class ProgressDisplay {
  public:
    enum class Where {
        anywhere,
        terminal,  ///< shows nothing if stderr is not a terminal
        nowhere,
    };

    explicit ProgressDisplay(Where where);
    /// Removes the line of a terminal.
    ~ProgressDisplay() { clear(); }
    ProgressDisplay(const ProgressDisplay&) = delete;
    ProgressDisplay& operator=(const ProgressDisplay&) = delete;

    bool shows_anything() const { return terminal_ || lines_; }
    void show(const ProgressView& view);
    void clear();

  private:
    void show_line(const ProgressView& view);

    bool terminal_ = false;
    bool lines_ = false;
    bool shown_ = false;       ///< the line of a terminal is displayed
    unsigned next_tenth_ = 1;  ///< the next tenth that gets a plain line
};

}  // namespace guestdump::tools
