// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/fse.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <numeric>

namespace guestdump::dump::zstd {
namespace {

/// Gives each state the symbol that it stands for. [RFC 8878, 4.1.1]
void spread_symbols(const Distribution& distribution, std::span<uint8_t> symbol_of) {
    const std::span<const int16_t> probabilities = distribution.probabilities;
    const size_t size = symbol_of.size();
    size_t end = size;
    for (size_t i = 0; i < probabilities.size(); ++i) {
        if (probabilities[i] == -1) symbol_of[--end] = static_cast<uint8_t>(i);
    }
    const size_t step = size / 2 + size / 8 + 3;
    size_t at = 0;
    for (size_t i = 0; i < probabilities.size(); ++i) {
        for (int share = 0; share < probabilities[i]; ++share) {
            symbol_of[at] = static_cast<uint8_t>(i);
            do at = (at + step) % size;
            while (at >= end);
        }
    }
    assert(at == 0);
}

}  // namespace

Distribution distribution_of(std::span<const uint64_t> counts, unsigned accuracy_log) {
    const int size = 1 << accuracy_log;
    const uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
    assert(total > 0 && counts.size() < static_cast<size_t>(size));
    Distribution result{accuracy_log, std::vector<int16_t>(counts.size())};
    int left = size;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        const double share = static_cast<double>(counts[i]) / static_cast<double>(total) * size;
        result.probabilities[i] =
            static_cast<int16_t>(share < 0.75 ? -1 : std::max(1.0, share + 0.5));
        left -= std::abs(result.probabilities[i]);
    }
    // What rounding left over or took too much goes to the most frequent, whom it changes least.
    while (left != 0) {
        int16_t& most = *std::max_element(result.probabilities.begin(), result.probabilities.end());
        const int change = left > 0 ? left : -std::min(-left, std::max(1, most / 4));
        most = static_cast<int16_t>(most + change);
        left -= change;
    }
    return result;
}

std::vector<std::byte> table_description(const Distribution& distribution) {
    const std::span<const int16_t> probabilities = distribution.probabilities;
    std::vector<std::byte> out(16 + probabilities.size() * 2);
    BitWriter writer(out.data());
    size_t bits = 0;
    const auto add = [&](uint32_t value, unsigned count) {
        writer.add(value, count);
        writer.flush();
        bits += count;
    };
    add(distribution.accuracy_log - 5, 4);
    int remaining = (1 << distribution.accuracy_log) + 1;
    int threshold = 1 << distribution.accuracy_log;
    unsigned width = distribution.accuracy_log + 1;
    for (size_t i = 0; remaining > 1; ++i) {
        assert(i < probabilities.size());
        const int probability = probabilities[i];
        // Small values are a bit shorter, as far as the range allows.
        const int short_ones = 2 * threshold - 1 - remaining;
        int value = probability + 1;
        remaining -= std::abs(probability);
        if (value >= threshold) value += short_ones;
        add(static_cast<uint32_t>(value), width - (value < short_ones ? 1 : 0));
        while (remaining < threshold) {
            --width;
            threshold /= 2;
        }
        if (probability != 0) continue;
        // How many more zeros follow, three at a time.
        size_t zeros = 0;
        while (i + 1 + zeros < probabilities.size() && probabilities[i + 1 + zeros] == 0) {
            ++zeros;
        }
        i += zeros;
        for (; zeros >= 3; zeros -= 3) add(3, 2);
        add(static_cast<uint32_t>(zeros), 2);
    }
    out.resize((bits + 7) / 8);
    return out;
}

FseEncoder::FseEncoder(const Distribution& distribution)
    : accuracy_log_(distribution.accuracy_log) {
    assert(accuracy_log_ <= kMostAccuracyLog && distribution.probabilities.size() <= kMostSymbols);
    const std::span<const int16_t> probabilities = distribution.probabilities;
    const auto size = uint32_t{1} << accuracy_log_;
    std::array<uint8_t, size_t{1} << kMostAccuracyLog> symbol_of{};
    spread_symbols(distribution, std::span(symbol_of).first(size));
    std::array<uint32_t, kMostSymbols> place{};
    uint32_t before = 0;
    for (size_t i = 0; i < probabilities.size(); ++i) {
        const auto states = static_cast<uint32_t>(std::abs(probabilities[i]));
        if (states == 0) continue;
        const auto fewer = static_cast<unsigned>(std::bit_width((states - 1) / 2));
        const unsigned most_bits = accuracy_log_ - fewer;
        symbols_[i].bits_delta = (most_bits << 16) - (states << most_bits);
        symbols_[i].state_delta = static_cast<int32_t>(before) - static_cast<int32_t>(states);
        symbols_[i].known = true;
        place[i] = before;
        before += states;
    }
    for (uint32_t state = 0; state < size; ++state) {
        states_[place[symbol_of[state]]++] = static_cast<uint16_t>(size + state);
    }
}

}  // namespace guestdump::dump::zstd
