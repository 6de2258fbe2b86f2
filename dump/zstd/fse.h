// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dump/zstd/bit_writer.h"

namespace dump::zstd {

/// How likely each symbol is: of 2^log parts, each has so many; -1 is less than one part.
struct Distribution {
    unsigned log = 0;            ///< 5 to 9
    std::vector<int16_t> parts;  ///< 0: the symbol does not occur
};

/// A distribution like @counts, of symbols 0 to counts.size() - 1, at least two of which occur.
/// There are fewer symbols than 2^@log.
Distribution distribution_of(std::span<const uint64_t> counts, unsigned log);

/// @distribution as a frame has it, ahead of what is coded with it. [RFC 8878, 4.1.1]
std::vector<std::byte> describe(const Distribution& distribution);

/// Codes symbols by a distribution: finite state entropy. Immutable once made. [RFC 8878, 4.1]
class FseEncoder {
  public:
    static constexpr size_t kMostSymbols = 64;
    static constexpr unsigned kMostLog = 9;

    explicit FseEncoder(const Distribution& distribution);

    bool has(unsigned symbol) const { return symbol < kMostSymbols && symbols_[symbol].known; }

    /// The state of one stream of symbols, which are put in from last to first.
    class State {
      public:
        /// @last is the symbol that a reader gets last.
        State(const FseEncoder& encoder, unsigned last) : encoder_(encoder) {
            const Symbol& symbol = encoder.symbols_[last];
            const uint32_t bits = (symbol.bits + (1u << 15)) >> 16;
            const uint32_t value = (bits << 16) - symbol.bits;
            state_ = encoder.next_[static_cast<uint32_t>(static_cast<int32_t>(value >> bits) +
                                                         symbol.shift)];
        }

        void put(unsigned code, BitWriter& out) {
            const Symbol& symbol = encoder_.symbols_[code];
            const uint32_t bits = (state_ + symbol.bits) >> 16;
            out.add(state_ & ((1u << bits) - 1), bits);
            state_ = encoder_.next_[static_cast<uint32_t>(static_cast<int32_t>(state_ >> bits) +
                                                          symbol.shift)];
        }

        /// After the first symbol.
        void finish(BitWriter& out) {
            out.add(state_ & ((1u << encoder_.log_) - 1), encoder_.log_);
        }

      private:
        const FseEncoder& encoder_;
        uint32_t state_;
    };

  private:
    struct Symbol {
        uint32_t bits = 0;  ///< 16.16: with the state added, the bits to put
        int32_t shift = 0;  ///< from the state without these bits to its place in next_
        bool known = false;
    };

    void spread(const Distribution& distribution, std::span<uint8_t> owner);

    unsigned log_;
    std::array<Symbol, kMostSymbols> symbols_{};
    std::array<uint16_t, size_t{1} << kMostLog> next_{};
};

}  // namespace dump::zstd
