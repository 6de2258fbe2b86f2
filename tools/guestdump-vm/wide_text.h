// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace guestdump::tools {

/// Text as libedit has it, in characters of the thread's locale, and as the rest has it, in bytes.
/// Nothing is lost there and back: a byte that is part of no character of the locale, as 0xe4 in
/// UTF-8 or any of a name in UTF-8 where the locale is C, or of one that libedit does not take for
/// text, becomes a character that no locale has, and that byte again. [Unicode Technical Report
/// 36, 3.7.4; Python's surrogateescape]

/// The first character of @bytes, which must not be empty, and the number of bytes that it takes;
/// 0 where @bytes may be the beginning of one.
size_t first_character(std::string_view bytes, wchar_t& character);

/// A character that is cut off at the end counts as bytes.
std::wstring to_wide(std::string_view bytes);

std::string to_bytes(std::wstring_view text);

}  // namespace guestdump::tools
