// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dump/zstd/bit_writer.h"

namespace guestdump::dump::zstd {

/// How likely each symbol is, in shares of 2^accuracy_log. [RFC 8878, 4.1.1]
struct Distribution {
    unsigned accuracy_log = 0;           ///< 5 to 9
    std::vector<int16_t> probabilities;  ///< 0: the symbol does not occur; -1: less than a share
};

/// A distribution like @counts, of symbols 0 to counts.size() - 1, at least two of which occur.
/// There are fewer symbols than 2^@accuracy_log.
Distribution distribution_of(std::span<const uint64_t> counts, unsigned accuracy_log);

/// The FSE table description of @distribution, ahead of what is coded with it. [RFC 8878, 4.1.1]
std::vector<std::byte> table_description(const Distribution& distribution);

/// Codes symbols by a distribution: finite state entropy. Immutable once made. [RFC 8878, 4.1]
///
/// A reader goes from state to state by a table; a state stands for a symbol, a number of bits and
/// a base to which they are added for the next state. The writer goes the same way backwards: of
/// all states of a symbol, exactly one leads to the state that it is in. [Duda 2013,
/// arXiv:1311.2540]
class FseEncoder {
  public:
    static constexpr size_t kMostSymbols = 64;
    static constexpr unsigned kMostAccuracyLog = 9;

    explicit FseEncoder(const Distribution& distribution);

    bool has(unsigned symbol) const { return symbol < kMostSymbols && symbols_[symbol].known; }

    /// The state of one stream of symbols, which are put in from last to first.
    class State {
      public:
        /// @last is the symbol that a reader gets last.
        State(const FseEncoder& encoder, unsigned last) : encoder_(encoder) {
            const Symbol& symbol = encoder.symbols_[last];
            const uint32_t bits = (symbol.bits_delta + (1u << 15)) >> 16;
            const uint32_t value = (bits << 16) - symbol.bits_delta;
            state_ = encoder.state_before(value >> bits, symbol);
        }

        void put(unsigned code, BitWriter& out) {
            const Symbol& symbol = encoder_.symbols_[code];
            const uint32_t bits = (state_ + symbol.bits_delta) >> 16;
            out.add(state_ & ((1u << bits) - 1), bits);
            state_ = encoder_.state_before(state_ >> bits, symbol);
        }

        /// After the first symbol.
        void finish(BitWriter& out) {
            out.add(state_ & ((1u << encoder_.accuracy_log_) - 1), encoder_.accuracy_log_);
        }

      private:
        const FseEncoder& encoder_;
        uint32_t state_;  ///< the reader's, and 2^accuracy_log more
    };

  private:
    struct Symbol {
        uint32_t bits_delta = 0;  ///< 16.16: with the state added, the number of bits to put
        int32_t state_delta = 0;  ///< from the state without these bits to its place in states_
        bool known = false;
    };

    uint32_t state_before(uint32_t state_without_bits, const Symbol& symbol) const {
        const int32_t place = static_cast<int32_t>(state_without_bits) + symbol.state_delta;
        return states_[static_cast<uint32_t>(place)];
    }

    unsigned accuracy_log_;
    std::array<Symbol, kMostSymbols> symbols_{};
    std::array<uint16_t, size_t{1} << kMostAccuracyLog> states_{};  ///< symbol by symbol, ascending
};

}  // namespace guestdump::dump::zstd
