// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dump/zstd/fse.h"
#include "dump/zstd/matches.h"

namespace guestdump::dump::zstd {

/// How often each code for a number of literals, an offset and a length of a match was used.
struct SequenceCounts {
    std::array<uint64_t, 36> literals{};
    std::array<uint64_t, 32> offsets{};
    std::array<uint64_t, 53> matches{};

    void add(std::span<const Sequence> sequences);
};

/// Writes the sequences section of a block. Immutable once made. [RFC 8878, 3.1.1.3.2]
class SequenceCoder {
  public:
    /// Codes as every reader has them, which cost a block nothing.
    SequenceCoder();

    /// Codes for sequences like those of @counts, in pages of @page_size; a block carries them.
    SequenceCoder(const SequenceCounts& counts, size_t page_size);

    /// Writes the section to @out, which has room for 16 bytes a sequence and 256 more. Gives its
    /// size.
    size_t encode(std::span<const Sequence> sequences, std::byte* out) const;

  private:
    struct Distributions {
        Distribution literals, offsets, matches;
    };
    static Distributions defaults();
    static Distributions like(const SequenceCounts& counts, size_t page_size);

    SequenceCoder(const Distributions& distributions, std::byte modes);

    FseEncoder literals_, offsets_, matches_;
    std::vector<std::byte> description_;  ///< the modes, and the codes that they speak of
};

}  // namespace guestdump::dump::zstd
