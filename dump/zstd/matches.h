// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace guestdump::dump::zstd {

/// Bytes that stand for themselves, and then some that were there before. [RFC 8878, 3.1.1.3.2]
struct Sequence {
    uint32_t literals = 0;  ///< bytes
    uint32_t match = 0;     ///< bytes, at least 4
    uint32_t offset = 0;    ///< Offset_Value: 1 to 3 are repeated offsets
};

/// What stands for an offset that is not a repeated one.
constexpr uint32_t offset_value(uint32_t offset) {
    return offset + 3;
}

/// Finds what repeats in a page. One thread.
class MatchFinder {
  public:
    explicit MatchFinder(size_t page_size);

    /// Looks through @page, of the page size. Gives what to make it from, until the next call.
    void find(std::span<const std::byte> page);

    std::span<const Sequence> sequences() const {
        return std::span(sequences_).first(sequence_count_);
    }
    /// Of all sequences, and the page's last bytes.
    std::span<const std::byte> literals() const {
        return std::span(literals_).first(literal_count_);
    }

  private:
    static constexpr unsigned kHashBits = 12;

    void emit(const std::byte* literals, size_t count, size_t match, uint32_t offset);

    size_t page_size_;
    /// Where bytes with a hash were last, in the page.
    std::array<uint16_t, size_t{1} << kHashBits> last_{};
    std::vector<Sequence> sequences_;
    std::vector<std::byte> literals_;
    size_t sequence_count_ = 0;
    size_t literal_count_ = 0;
};

}  // namespace guestdump::dump::zstd
