// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/terminal_mode.h"

#include <fcntl.h>
#include <unistd.h>

namespace guestdump::tools {

TerminalMode::TerminalMode()
    : input_flags_(::fcntl(STDIN_FILENO, F_GETFL)), output_flags_(::fcntl(STDOUT_FILENO, F_GETFL)) {
    termios settings;
    if (::tcgetattr(STDIN_FILENO, &settings) == 0) settings_ = settings;
}

TerminalMode::~TerminalMode() {
    if (settings_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*settings_);
    if (input_flags_ >= 0) ::fcntl(STDIN_FILENO, F_SETFL, input_flags_);
    if (output_flags_ >= 0) ::fcntl(STDOUT_FILENO, F_SETFL, output_flags_);
}

bool TerminalMode::interactive() {
    return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace guestdump::tools
