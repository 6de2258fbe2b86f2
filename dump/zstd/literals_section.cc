// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/literals_section.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dump/zstd/put_number.h"

namespace guestdump::dump::zstd {
namespace {

/// Literals_Block_Type. [RFC 8878, 3.1.1.3.1.1]
enum BlockType : unsigned { kRaw = 0, kCompressed = 2 };

/// Whether @code makes @literals smaller by enough to be tried, as far as one in 16 of them tells.
bool gains(std::span<const std::byte> literals, const HuffmanCode& code) {
    size_t bits = 0, looks = 0;
    for (size_t at = 0; at < literals.size(); at += 16, ++looks) bits += code.bits(literals[at]);
    return bits < looks * 8 - looks / 4;
}

}  // namespace

std::byte* put_raw_literals(std::span<const std::byte> literals, std::byte* out) {
    const size_t size = literals.size();
    if (size < 32) {
        out = put_number<1>(out, kRaw | size << 3);
    } else if (size < 4096) {
        out = put_number<2>(out, kRaw | 1u << 2 | size << 4);
    } else {
        out = put_number<3>(out, kRaw | 3u << 2 | size << 4);
    }
    return std::copy(literals.begin(), literals.end(), out);
}

std::byte* put_coded_literals(std::span<const std::byte> literals, const HuffmanCode& code,
                              std::byte* out) {
    if (!gains(literals, code)) return nullptr;
    const size_t size = literals.size();
    // One stream, or four with a table of the sizes of the first three; a header of 3 to 5 bytes.
    const bool four_streams = size >= 256;
    const unsigned format = !four_streams ? 0 : size < 1024 ? 1 : size < 16384 ? 2 : 3;
    const size_t header = format < 2 ? 3 : format + 2;
    const unsigned width = format < 2 ? 10 : format == 2 ? 14 : 18;
    std::byte* const body = out + header;
    std::byte* at = std::copy(code.description().begin(), code.description().end(), body);
    if (four_streams) {
        std::byte* table = at;
        at += 6;
        const size_t each = (size + 3) / 4;
        for (size_t begin = 0; begin < size; begin += each) {
            const size_t written =
                code.encode(literals.subspan(begin, std::min(each, size - begin)), at);
            if (begin + each < size) table = put_number<2>(table, written);
            at += written;
        }
    } else {
        at += code.encode(literals, at);
    }
    const auto coded = static_cast<size_t>(at - body);
    if (coded >= size || coded >= size_t{1} << width) return nullptr;
    const uint64_t value =
        kCompressed | format << 2 | uint64_t{size} << 4 | uint64_t{coded} << (4 + width);
    std::array<std::byte, 8> bytes;
    put_number<8>(bytes.data(), value);
    std::memcpy(out, bytes.data(), header);
    return at;
}

}  // namespace guestdump::dump::zstd
