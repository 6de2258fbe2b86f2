// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "util/stored.h"

namespace guestdump::dump::zstd {

/// Puts bits into bytes, lowest bit first, as readers of zstd take them out again from the end.
///
/// It writes up to eight bytes beyond what it has put; the caller has room for them.
/// [RFC 8878, 4.2.2 and 3.1.1.3.2]
class BitWriter {
  public:
    /// Between two calls of flush().
    static constexpr unsigned kMostBits = 56;

    explicit BitWriter(std::byte* out) : begin_(out), at_(out) {}

    /// The low @count bits of @value, which has no others.
    void add(uint64_t value, unsigned count) {
        bits_ |= value << count_;
        count_ += count;
    }

    void flush() {
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(at_, &bits_, sizeof bits_);  // g++ 12 does not make one store of the other
        } else {
            const util::le64 word = bits_;
            std::memcpy(at_, &word, sizeof word);
        }
        at_ += count_ / 8;
        bits_ >>= count_ & ~7u;
        count_ %= 8;
    }

    /// Ends the stream with the bit that tells a reader where it begins. Gives its size in bytes.
    size_t close() {
        add(1, 1);
        flush();
        return static_cast<size_t>(at_ - begin_) + (count_ > 0 ? 1 : 0);
    }

  private:
    std::byte* begin_;
    std::byte* at_;
    uint64_t bits_ = 0;
    unsigned count_ = 0;
};

}  // namespace guestdump::dump::zstd
