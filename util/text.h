// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdarg>
#include <string>

namespace util {

/// printf into a string. (libstdc++ 12 has no std::format.)
[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...);
[[gnu::format(printf, 1, 0)]] std::string text_va(const char* format, va_list arguments);

/// strerror() as a string, from any thread.
std::string error_text(int os_error);

}  // namespace util
