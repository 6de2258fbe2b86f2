// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/memory_text.h"

#include <algorithm>
#include <cctype>
#include <cinttypes>
#include <vector>

#include "util/text.h"

namespace guestdump::monitor {
namespace {

/// Reads a little-endian number.
uint64_t value_at(std::span<const std::byte> bytes) {
    uint64_t value = 0;
    for (size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
    return value;
}

int64_t sign_extended(uint64_t value, unsigned size) {
    const unsigned unused = 64 - 8 * size;
    return static_cast<int64_t>(value << unused) >> unused;
}

/// Number of digits of the largest value of @size bytes.
int width_of(char letter, unsigned size) {
    const int bits = static_cast<int>(8 * size);
    switch (letter) {
        case 'o':
            return (bits + 2) / 3;
        case 'x':
            return bits / 4;
        default:
            return (bits * 10 + 32) / 33;
    }
}

std::string character_text(uint64_t value) {
    const auto c = static_cast<unsigned char>(value);
    if (c == '\'' || c == '\\') return util::text("'\\%c'", c);
    if (c == '\n') return "'\\n'";
    if (c == '\r') return "'\\r'";
    return std::isprint(c) ? util::text("'%c'", c) : util::text("'\\x%02x'", c);
}

/// A value, padded to the width of the largest one.
std::string column_text(uint64_t value, const HmpFormat& format) {
    const int width = width_of(format.letter, format.size);
    switch (format.letter) {
        case 'o':
            return util::text("%#*" PRIo64, width, value);
        case 'x':
            return util::text("0x%0*" PRIx64, width, value);
        case 'u':
            return util::text("%*" PRIu64, width, value);
        case 'd':
            return util::text("%*" PRId64, width, sign_extended(value, format.size));
        default:
            return character_text(value);
    }
}

}  // namespace

std::string value_text(uint64_t value, const HmpFormat& format) {
    switch (format.letter) {
        case 'o':
            return util::text("%#" PRIo64, value);
        case 'x':
            return util::text("%#" PRIx64, value);
        case 'u':
            return util::text("%" PRIu64, value);
        case 'd':
            return util::text("%" PRId64, static_cast<int64_t>(value));
        default:
            return character_text(value);
    }
}

std::string memory_text(uint64_t from, const HmpFormat& format, const MemoryReader& read) {
    const unsigned size = format.letter == 'c' ? 1 : format.size;
    const uint64_t line_bytes = size == 1 ? 8 : 16;
    uint64_t left = uint64_t{format.count} * size;
    std::string text;
    std::vector<std::byte> line;
    for (uint64_t address = from; left > 0; address += line.size()) {
        line.resize(std::min(left, line_bytes));
        text += util::text("%016" PRIx64 ":", address);
        if (!read(address, line)) return text + " Cannot access memory\n";
        for (size_t i = 0; i < line.size(); i += size) {
            text += ' ';
            text += column_text(value_at(std::span(line).subspan(i, size)), format);
        }
        text += '\n';
        left -= line.size();
    }
    return text;
}

}  // namespace guestdump::monitor
