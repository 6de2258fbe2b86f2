// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/bytes.h"

#include <check.h>

#include <cstring>

namespace guestdump::support {
namespace {

void must_be_inside(View bytes, uint64_t offset, uint64_t size) {
    if (!inside(bytes, offset, size)) {
        ck_abort_msg("test wants %ju bytes at %ju of %zu", static_cast<uintmax_t>(size),
                     static_cast<uintmax_t>(offset), bytes.size());
    }
}

void make_room(Bytes& bytes, uint64_t offset, size_t size) {
    if (bytes.size() < offset + size) bytes.resize(offset + size);
}

}  // namespace

uint64_t little_at(View bytes, uint64_t offset, size_t size) {
    must_be_inside(bytes, offset, size);
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | std::to_integer<uint64_t>(bytes[offset + i]);
    return value;
}

uint64_t be64_at(View bytes, uint64_t offset) {
    must_be_inside(bytes, offset, 8);
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i)
        value = value << 8 | std::to_integer<uint64_t>(bytes[offset + i]);
    return value;
}

std::string_view text_at(View bytes, uint64_t offset, size_t size) {
    must_be_inside(bytes, offset, size);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data() + offset), size);
    return text.substr(0, text.find('\0'));
}

void put_little(Bytes& bytes, uint64_t offset, uint64_t value, size_t size) {
    make_room(bytes, offset, size);
    set_little(bytes, offset, value, size);
}

void set_little(std::span<std::byte> bytes, uint64_t offset, uint64_t value, size_t size) {
    must_be_inside(bytes, offset, size);
    for (size_t i = 0; i < size; ++i) {
        // A field of more than 8 bytes ends in zeros.
        bytes[offset + i] = i < 8 ? static_cast<std::byte>(value >> (8 * i)) : std::byte{0};
    }
}

void put_be64(Bytes& bytes, uint64_t offset, uint64_t value) {
    make_room(bytes, offset, 8);
    for (size_t i = 0; i < 8; ++i)
        bytes[offset + i] = static_cast<std::byte>(value >> (56 - 8 * i));
}

void set_text(std::span<std::byte> bytes, uint64_t offset, std::string_view text) {
    must_be_inside(bytes, offset, text.size());
    std::memcpy(bytes.data() + offset, text.data(), text.size());
}

void put_text(Bytes& bytes, uint64_t offset, std::string_view text) {
    put_bytes(bytes, offset, std::as_bytes(std::span(text)));
}

void put_bytes(Bytes& bytes, uint64_t offset, View data) {
    make_room(bytes, offset, data.size());
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
}

Bytes noise(uint64_t seed, size_t size) {
    Bytes bytes(size);
    uint64_t state = seed * 2 + 1;
    for (std::byte& byte : bytes) {
        // Knuth's linear congruential generator; its high bits are the good ones.
        state = state * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

}  // namespace guestdump::support
