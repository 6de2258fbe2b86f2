// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/text.h"

#include <cstdio>
#include <cstring>

namespace guestdump::util {

std::string text_va(const char* format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int size = std::vsnprintf(nullptr, 0, format, arguments);
    std::string result(size > 0 ? static_cast<size_t>(size) : 0, '\0');
    if (!result.empty()) std::vsnprintf(result.data(), result.size() + 1, format, again);
    va_end(again);
    return result;
}

std::string text(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string result = text_va(format, arguments);
    va_end(arguments);
    return result;
}

std::string ascii(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        if (byte >= ' ' && byte <= '~')
            result += byte;
        else
            result += util::text("\\x%02x", static_cast<unsigned char>(byte));
    }
    return result;
}

std::string error_text(int os_error) {
    char room[128];
    return strerror_r(os_error, room, sizeof room);
}

}  // namespace guestdump::util
