// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/fse.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <numeric>

namespace dump::zstd {

Distribution distribution_of(std::span<const uint64_t> counts, unsigned log) {
    const int size = 1 << log;
    const uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
    assert(total > 0 && counts.size() < static_cast<size_t>(size));
    Distribution result{log, std::vector<int16_t>(counts.size())};
    int left = size;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        const double share = static_cast<double>(counts[i]) / static_cast<double>(total) * size;
        result.parts[i] = static_cast<int16_t>(share < 0.75 ? -1 : std::max(1.0, share + 0.5));
        left -= std::abs(result.parts[i]);
    }
    // What rounding left over or took too much goes to the most frequent, whom it changes least.
    while (left != 0) {
        int16_t& most = *std::max_element(result.parts.begin(), result.parts.end());
        const int change = left > 0 ? left : -std::min(-left, std::max(1, most / 4));
        most = static_cast<int16_t>(most + change);
        left -= change;
    }
    return result;
}

std::vector<std::byte> describe(const Distribution& distribution) {
    std::vector<std::byte> out(16 + distribution.parts.size() * 2);
    BitWriter writer(out.data());
    size_t bits = 0;
    const auto add = [&](uint32_t value, unsigned count) {
        writer.add(value, count);
        writer.flush();
        bits += count;
    };
    add(distribution.log - 5, 4);
    int remaining = (1 << distribution.log) + 1;
    int threshold = 1 << distribution.log;
    unsigned width = distribution.log + 1;
    for (size_t i = 0; remaining > 1; ++i) {
        assert(i < distribution.parts.size());
        const int parts = distribution.parts[i];
        // Small values are a bit shorter, as far as the range allows.
        const int short_ones = 2 * threshold - 1 - remaining;
        int value = parts + 1;
        remaining -= std::abs(parts);
        if (value >= threshold) value += short_ones;
        add(static_cast<uint32_t>(value), width - (value < short_ones ? 1 : 0));
        while (remaining < threshold) {
            --width;
            threshold /= 2;
        }
        if (parts != 0) continue;
        // How many more zeros follow, three at a time.
        size_t zeros = 0;
        while (i + 1 + zeros < distribution.parts.size() &&
               distribution.parts[i + 1 + zeros] == 0) {
            ++zeros;
        }
        i += zeros;
        for (; zeros >= 3; zeros -= 3) add(3, 2);
        add(static_cast<uint32_t>(zeros), 2);
    }
    out.resize((bits + 7) / 8);
    return out;
}

FseEncoder::FseEncoder(const Distribution& distribution) : log_(distribution.log) {
    assert(log_ <= kMostLog && distribution.parts.size() <= kMostSymbols);
    const auto size = uint32_t{1} << log_;
    std::array<uint8_t, size_t{1} << kMostLog> owner{};
    spread(distribution, std::span(owner).first(size));
    std::array<uint32_t, kMostSymbols> place{};
    uint32_t before = 0;
    for (size_t i = 0; i < distribution.parts.size(); ++i) {
        const auto parts = static_cast<uint32_t>(std::abs(distribution.parts[i]));
        if (parts == 0) continue;
        const unsigned most_bits =
            parts == 1 ? log_ : log_ - (static_cast<unsigned>(std::bit_width(parts - 1)) - 1);
        symbols_[i].bits = (most_bits << 16) - (parts << most_bits);
        symbols_[i].shift = static_cast<int32_t>(before) - static_cast<int32_t>(parts);
        symbols_[i].known = true;
        place[i] = before;
        before += parts;
    }
    for (uint32_t state = 0; state < size; ++state) {
        next_[place[owner[state]]++] = static_cast<uint16_t>(size + state);
    }
}

/// Gives each state the symbol that it stands for.
void FseEncoder::spread(const Distribution& distribution, std::span<uint8_t> owner) {
    const size_t size = owner.size();
    size_t end = size;
    for (size_t i = 0; i < distribution.parts.size(); ++i) {
        if (distribution.parts[i] == -1) owner[--end] = static_cast<uint8_t>(i);
    }
    const size_t step = size / 2 + size / 8 + 3;
    size_t at = 0;
    for (size_t i = 0; i < distribution.parts.size(); ++i) {
        for (int part = 0; part < distribution.parts[i]; ++part) {
            owner[at] = static_cast<uint8_t>(i);
            do at = (at + step) % size;
            while (at >= end);
        }
    }
    assert(at == 0);
}

}  // namespace dump::zstd
