// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdarg>
#include <optional>
#include <string>
#include <string_view>

namespace guestdump::util {

/// printf into a string. (libstdc++ 12 has no std::format.)
[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...);
[[gnu::format(printf, 1, 0)]] std::string text_va(const char* format, va_list arguments);

/// @text for a terminal: line breaks and visible characters stay; every other byte becomes an
/// escape such as \x1b. Text from a file or a guest may contain bytes that move the cursor or make
/// the terminal type commands.
std::string printable(std::string_view text);

/// As printable(), but everything except visible ASCII becomes an escape, line breaks too. For
/// names that are ASCII unless the guest is damaged.
std::string ascii(std::string_view text);

/// The bytes of @text in hexadecimal, unless it is UTF-8: JSON cannot hold other text.
std::optional<std::string> hex_unless_utf8(std::string_view text);

/// strerror() as a string, from any thread.
std::string error_text(int os_error);

}  // namespace guestdump::util
