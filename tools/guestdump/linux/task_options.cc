// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/linux/task_options.h"

#include <string_view>

namespace guestdump::tools {

Result<std::optional<char>> parse_state(const OptionText& text) {
    if (!text.get()) return std::optional<char>();
    const std::string_view letter = text.get();
    constexpr std::string_view kLetters = "RSDTtXZPI";
    if (letter.size() == 1 && kLetters.find(letter[0]) != kLetters.npos) {
        return std::optional(letter[0]);
    }
    return Error::make("--state expects one of the letters R, S, D, T, t, X, Z, P and I, not '%s'",
                       text.get());
}

}  // namespace guestdump::tools
