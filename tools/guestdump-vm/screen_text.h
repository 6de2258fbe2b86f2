// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guestdump::tools {

/// What a command of HMP had to say, for a terminal: text, tabs and "\r\n" stay. Anything else
/// comes with a name, of a file or out of the guest, and could command the terminal.
std::string on_screen(std::string_view output);

/// What there is to choose from, as many of @words in a line as a narrow terminal has room for, and
/// 200 at most. What cannot be seen of them is told in digits.
std::string columns_of(const std::vector<std::string>& words);

}  // namespace guestdump::tools
