// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dump/zstd/bit_writer.h"

namespace guestdump::dump::zstd {

using ByteCounts = std::array<uint64_t, 256>;

/// A Huffman code for bytes, each of which has one, of at most 11 bits. Immutable once made.
/// [RFC 8878, 4.2]
class HuffmanCode {
  public:
    static constexpr unsigned kMostBits = 11;

    /// A code that makes bytes which are distributed like @counts as short as can be.
    explicit HuffmanCode(const ByteCounts& counts);

    /// The code as a frame has it, ahead of what is coded with it.
    std::span<const std::byte> description() const { return description_; }

    /// Writes a stream that gives @bytes, to @out. Gives its size; it may use room for 11 bits a
    /// byte and 8 bytes more.
    size_t encode(std::span<const std::byte> bytes, std::byte* out) const;

    unsigned bits(std::byte byte) const { return codes_[std::to_integer<size_t>(byte)].bits; }

  private:
    struct Code {
        uint16_t code = 0;
        uint16_t bits = 0;
    };

    std::array<Code, 256> codes_{};
    std::vector<std::byte> description_;
};

}  // namespace guestdump::dump::zstd
