// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/zero.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace guestdump::util {

bool all_zero(std::span<const std::byte> bytes) {
    // Blocks of a cache line: the compiler keeps the inner loop in vector registers, and there is
    // only one branch per line.
    std::array<uint64_t, 8> line;
    while (bytes.size() >= sizeof line) {
        std::memcpy(line.data(), bytes.data(), sizeof line);
        uint64_t any = 0;
        for (const uint64_t word : line) any |= word;
        if (any != 0) return false;
        bytes = bytes.subspan(sizeof line);
    }
    for (const std::byte byte : bytes) {
        if (byte != std::byte{0}) return false;
    }
    return true;
}

}  // namespace guestdump::util
