// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guestdump::tools {

/// Converts text between libedit's form, characters of the thread's locale, and bytes. The
/// conversion to characters and back loses nothing: some bytes belong to no character of the locale
/// (0xe4 in UTF-8, or any byte of a UTF-8 name in the C locale) or to a character that libedit does
/// not treat as text. Such a byte becomes a character that no locale has, and back the same byte.
/// [Unicode Technical Report 36, 3.7.4; Python's surrogateescape]

/// Stores the first character of @bytes, which must not be empty, and returns the number of its
/// bytes; 0 if @bytes may be an incomplete character.
size_t first_character(std::string_view bytes, wchar_t& character);

/// An incomplete character at the end is converted byte by byte.
std::wstring to_wide(std::string_view bytes);

std::string to_bytes(std::wstring_view text);

}  // namespace guestdump::tools
