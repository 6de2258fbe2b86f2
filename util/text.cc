// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/text.h"

#include <glib.h>

namespace util {

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

std::string error_text(int os_error) {
    return g_strerror(os_error);
}

}  // namespace util
