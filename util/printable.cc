// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include <algorithm>

#include "util/text.h"

/// The functions of text.h that need GLib's tables of Unicode. The library does without them.

namespace guestdump::util {
namespace {

bool is_shown_ascii(char c) {
    return c == '\n' || (c >= ' ' && c <= '~');
}

void append_escape(std::string& result, unsigned char byte) {
    constexpr char kDigits[] = "0123456789abcdef";
    const char escape[] = {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xf]};
    result.append(escape, sizeof escape);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        // Nearly all text is ASCII.
        const auto other = std::find_if_not(text.begin(), text.end(), is_shown_ascii);
        const auto plain = static_cast<size_t>(other - text.begin());
        result += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        // Anything but a whole UTF-8 character gives (gunichar)-1 or -2, which are not printable.
        const gunichar character =
            g_utf8_get_char_validated(text.data(), static_cast<gssize>(text.size()));
        const bool shown =
            character != 0 && g_unichar_validate(character) && g_unichar_isprint(character);
        const size_t size = shown ? static_cast<size_t>(g_unichar_to_utf8(character, nullptr)) : 1;
        if (shown)
            result += text.substr(0, size);
        else
            append_escape(result, static_cast<unsigned char>(text[0]));
        text.remove_prefix(size);
    }
    return result;
}

std::optional<std::string> hex_unless_utf8(std::string_view text) {
    if (g_utf8_validate_len(text.data(), text.size(), nullptr) != FALSE) return std::nullopt;
    std::string hex;
    for (const char byte : text) hex += util::text("%02x", static_cast<unsigned char>(byte));
    return hex;
}

}  // namespace guestdump::util
