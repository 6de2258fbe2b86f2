// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tools/progress_text.h"

namespace guestdump::tools {

/// Tells on stderr how far a dump has come: on a terminal in one line that changes, elsewhere in
/// plain lines, one for each tenth. One thread.
class ProgressDisplay {
  public:
    enum class Where {
        anywhere,
        terminal,  ///< nothing elsewhere
        nowhere,
    };

    explicit ProgressDisplay(Where where);
    /// Takes the changing line away.
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
    bool shown_ = false;       ///< the changing line is there
    unsigned next_tenth_ = 1;  ///< that plain lines have not told
};

}  // namespace guestdump::tools
