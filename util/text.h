// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdarg>
#include <string>
#include <string_view>

namespace guestdump::util {

/// printf into a string. (libstdc++ 12 has no std::format.)
[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...);
[[gnu::format(printf, 1, 0)]] std::string text_va(const char* format, va_list arguments);

/// @text for a terminal: lines stay, and characters that can be seen; every other byte is as \x1b.
/// A file, or a guest, may have put there what moves the cursor or types commands.
std::string printable(std::string_view text);

/// strerror() as a string, from any thread.
std::string error_text(int os_error);

}  // namespace guestdump::util
