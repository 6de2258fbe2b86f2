// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include <optional>

namespace guestdump::tools {

/// Restores standard input and output at the end: their blocking mode, which is shared with the
/// program that started this one, and a terminal's settings.
class TerminalMode {
  public:
    /// Saves the present settings.
    TerminalMode();
    ~TerminalMode();
    TerminalMode(const TerminalMode&) = delete;
    TerminalMode& operator=(const TerminalMode&) = delete;

    /// True if both are terminals, so that a person uses them.
    static bool interactive();

  private:
    std::optional<termios> settings_;
    int input_flags_, output_flags_;
};

}  // namespace guestdump::tools
