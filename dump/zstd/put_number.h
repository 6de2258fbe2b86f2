// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace guestdump::dump::zstd {

/// Writes the low bytes of @value to @out, lowest first. Gives the end.
template <size_t Bytes>
std::byte* put_number(std::byte* out, uint64_t value) {
    for (size_t i = 0; i < Bytes; ++i) *out++ = std::byte(value >> 8 * i & 0xff);
    return out;
}

}  // namespace guestdump::dump::zstd
