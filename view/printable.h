// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace guestdump::view {

/// Escapes @text, which a guest wrote, for one line of a terminal: as util::printable(), and line
/// ends too.
std::string printable_word(std::string_view text);

/// Escapes @text, which a guest wrote, for several lines of a terminal: line ends and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace guestdump::view
