// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include <optional>

namespace guestdump::tools {

/// Gives standard input and output back in the end as they were: their blocking mode, which whoever
/// started the program shares, and a terminal's settings.
class TerminalMode {
  public:
    /// Remembers.
    TerminalMode();
    ~TerminalMode();
    TerminalMode(const TerminalMode&) = delete;
    TerminalMode& operator=(const TerminalMode&) = delete;

    /// Both are terminals: a person sits there.
    static bool interactive();

  private:
    std::optional<termios> settings_;
    int input_flags_, output_flags_;
};

}  // namespace guestdump::tools
