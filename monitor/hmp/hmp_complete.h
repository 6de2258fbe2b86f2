// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace guestdump::monitor {

/// What the last word of a line may become.
struct HmpCompletions {
    size_t word = 0;  ///< where it begins in the line, its quote included
    /// Sorted: whole words, with quotes where HMP needs them. One that is a folder ends with '/'
    /// and may go on.
    std::vector<std::string> words{};
};

/// Names of commands, and behind "info " and "help " of what those take; flags of the command;
/// files where it takes one. Any thread.
HmpCompletions complete_hmp_line(std::string_view line);

/// What all of @words begin with, in whole characters of UTF-8; all of a single one.
std::string common_beginning(const std::vector<std::string>& words);

}  // namespace guestdump::monitor
