// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/text.h"

#include <cstring>

#include <glib.h>

namespace guestdump::util {

std::string text_va(const char* format, va_list arguments) {
    char* raw = g_strdup_vprintf(format, arguments);
    std::string result(raw);
    g_free(raw);
    return result;
}

std::string text(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string result = text_va(format, arguments);
    va_end(arguments);
    return result;
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        // Anything that is not a whole character of UTF-8 is (gunichar)-1 or -2, which none is.
        const gunichar character =
            g_utf8_get_char_validated(text.data(), static_cast<gssize>(text.size()));
        const bool shown = text[0] == '\n' || (character != 0 && g_unichar_validate(character) &&
                                               g_unichar_isprint(character));
        const size_t size = shown ? static_cast<size_t>(g_unichar_to_utf8(character, nullptr)) : 1;
        if (shown)
            result += text.substr(0, size);
        else
            result += util::text("\\x%02x", static_cast<unsigned char>(text[0]));
        text.remove_prefix(size);
    }
    return result;
}

std::string error_text(int os_error) {
    // Not g_strerror(), which converts, and where there is no memory for that gives nullptr.
    char room[128];
    return strerror_r(os_error, room, sizeof room);
}

}  // namespace guestdump::util
