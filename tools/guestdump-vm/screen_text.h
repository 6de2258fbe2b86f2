// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guestdump::tools {

/// Makes the output of an HMP command safe for a terminal. Text, tabs and "\r\n" are kept. All
/// other characters come from names, of files or from the guest, and might be control sequences.
std::string on_screen(std::string_view output);

/// Lists at most 200 @words to choose from, with as many in a line as fit a narrow terminal.
/// Characters that cannot be shown are written as digits.
std::string columns_of(const std::vector<std::string>& words);

}  // namespace guestdump::tools
