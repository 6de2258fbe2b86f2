// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/wide_text.h"

#include <algorithm>
#include <climits>
#include <cwchar>
#include <cwctype>

namespace guestdump::tools {
namespace {

constexpr auto kCutOff = static_cast<size_t>(-2), kNone = static_cast<size_t>(-1);

/// Characters that stand for bytes: UTF-16 surrogates, which no locale has. Bytes below 0x80 are
/// characters in every locale and need none.
constexpr wchar_t kByte = 0xdc00, kFirstByte = kByte + 0x80, kLastByte = kByte + 0xff;

wchar_t lone_byte(char byte) {
    return static_cast<wchar_t>(kByte + static_cast<unsigned char>(byte));
}

/// True for characters that libedit treats as a key pressed with Meta, and not as text.
bool is_key(wchar_t character) {
    return character >= 0x80 && character <= 0xff && !std::iswprint(static_cast<wint_t>(character));
}

}  // namespace

size_t first_character(std::string_view bytes, wchar_t& character) {
    std::mbstate_t state{};
    const size_t used = std::mbrtowc(&character, bytes.data(), bytes.size(), &state);
    if (used == kCutOff) return 0;
    if (used != kNone && !is_key(character)) return std::max<size_t>(used, 1);  // 0 means NUL
    character = lone_byte(bytes[0]);
    return 1;
}

std::wstring to_wide(std::string_view bytes) {
    std::wstring text;
    while (!bytes.empty()) {
        wchar_t character = 0;
        const size_t used = first_character(bytes, character);
        text += used ? character : lone_byte(bytes[0]);
        bytes.remove_prefix(std::max<size_t>(used, 1));
    }
    return text;
}

std::string to_bytes(std::wstring_view text) {
    std::string bytes;
    for (const wchar_t character : text) {
        if (character >= kFirstByte && character <= kLastByte) {
            bytes += static_cast<char>(character - kByte);
            continue;
        }
        char room[MB_LEN_MAX];
        std::mbstate_t state{};
        const size_t size = std::wcrtomb(room, character, &state);
        if (size != kNone) bytes.append(room, size);
    }
    return bytes;
}

}  // namespace guestdump::tools
