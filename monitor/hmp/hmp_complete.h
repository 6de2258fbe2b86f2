// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace guestdump::monitor {

/// Completions for the last word of a line.
struct HmpCompletions {
    size_t word = 0;  ///< offset of that word in the line, including its quote
    /// Sorted whole words, quoted if HMP needs it. A folder ends in '/' and has no closing quote,
    /// because more may follow.
    std::vector<std::string> words{};
};

/// Completes names of commands (after "info " and "help " the names that these take), flags of the
/// command, and file names if the command takes one. Any thread.
HmpCompletions complete_hmp_line(std::string_view line);

/// The longest beginning that all @words share, in whole UTF-8 characters. A single word is
/// returned whole.
std::string common_beginning(const std::vector<std::string>& words);

}  // namespace guestdump::monitor
