// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/printable.h"

#include <algorithm>

#include "util/text.h"

namespace guestdump::view {
namespace {

/// Replaces each character @kept of @text by @with, and passes all other text through
/// util::printable().
std::string between(std::string_view text, char kept, const char* with) {
    std::string result;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find(kept, at), text.size());
        result += util::printable(text.substr(at, end - at));
        if (end < text.size()) result += with;
        at = end + 1;
    }
    return result;
}

}  // namespace

std::string printable_word(std::string_view text) {
    return between(text, '\n', "\\x0a");
}

std::string printable_lines(std::string_view text) {
    return between(text, '\t', "\t");
}

}  // namespace guestdump::view
