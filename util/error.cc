// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/error.h"

#include <cstdarg>

#include "util/text.h"

namespace guestdump::util {

Error Error::make(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string message = text_va(format, arguments);
    va_end(arguments);
    return Error(std::move(message), 0);
}

Error Error::from_errno(int os_error, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::string message = text_va(format, arguments);
    va_end(arguments);
    return Error(message + ": " + error_text(os_error), os_error);
}

Error Error::while_(const char* format, ...) && {
    va_list arguments;
    va_start(arguments, format);
    std::string prefix = text_va(format, arguments);
    va_end(arguments);
    return Error(prefix + ": " + message_, os_error_).as(kind_);
}

Error Error::as(Kind kind) && {
    kind_ = kind;
    return std::move(*this);
}

}  // namespace guestdump::util
