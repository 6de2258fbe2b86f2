// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// Bytes of files, read and built by literal offsets. Nothing here knows a format.

namespace guestdump::support {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

/// True if [@offset, @offset + @size) lies inside @bytes.
inline bool inside(View bytes, uint64_t offset, uint64_t size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
}

/// The little-endian integer of @size bytes at @offset. Beyond the end it aborts, which fails the
/// test.
uint64_t little_at(View bytes, uint64_t offset, size_t size);

inline uint16_t le16_at(View bytes, uint64_t offset) {
    return static_cast<uint16_t>(little_at(bytes, offset, 2));
}
inline uint32_t le32_at(View bytes, uint64_t offset) {
    return static_cast<uint32_t>(little_at(bytes, offset, 4));
}
inline uint64_t le64_at(View bytes, uint64_t offset) {
    return little_at(bytes, offset, 8);
}

/// The big-endian integer of 8 bytes at @offset. Aborts beyond the end.
uint64_t be64_at(View bytes, uint64_t offset);

/// The text at @offset, of @size bytes or up to the first NUL in them. Aborts beyond the end.
std::string_view text_at(View bytes, uint64_t offset, size_t size);

// Writing makes @bytes longer if necessary; bytes in between are zero.
void put_little(Bytes& bytes, uint64_t offset, uint64_t value, size_t size);
inline void put_le16(Bytes& bytes, uint64_t at, uint16_t value) {
    put_little(bytes, at, value, 2);
}
inline void put_le32(Bytes& bytes, uint64_t at, uint32_t value) {
    put_little(bytes, at, value, 4);
}
inline void put_le64(Bytes& bytes, uint64_t at, uint64_t value) {
    put_little(bytes, at, value, 8);
}
void put_be64(Bytes& bytes, uint64_t offset, uint64_t value);
void put_text(Bytes& bytes, uint64_t offset, std::string_view text);
void put_bytes(Bytes& bytes, uint64_t offset, View data);

// These write over bytes that are there. Beyond the end they abort.
void set_little(std::span<std::byte> bytes, uint64_t offset, uint64_t value, size_t size);
void set_text(std::span<std::byte> bytes, uint64_t offset, std::string_view text);

/// @size bytes that do not compress and differ from byte to byte, the same for the same @seed.
Bytes noise(uint64_t seed, size_t size);

inline bool all_zero(View bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

inline bool same(View a, View b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace guestdump::support
