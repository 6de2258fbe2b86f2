// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/random_bytes.h"

#include <array>
#include <cstdint>

namespace guestdump::dump {
namespace {

/// Runs of @length bytes, spread evenly over a page.
struct Runs {
    size_t count, length;

    constexpr size_t bytes() const { return count * length; }
    std::span<const std::byte> of(std::span<const std::byte> page, size_t i) const {
        return page.subspan(page.size() / count * i, length);
    }
};

constexpr Runs kFirstLook{8, 16}, kSecondLook{32, 64};

/// 128 random bytes have 101 different values, give or take 4; text and machine code have half as
/// many. This rejects three pages in four.
bool varied(std::span<const std::byte> page) {
    constexpr unsigned kLeast = 85;
    std::array<bool, 256> seen{};
    unsigned different = 0;
    for (size_t i = 0; i < kFirstLook.count; ++i) {
        for (const std::byte byte : kFirstLook.of(page, i)) {
            bool& before = seen[std::to_integer<size_t>(byte)];
            different += !before;
            before = true;
        }
    }
    return different >= kLeast;
}

/// Pearson's chi-square of the bytes against equal probabilities: 255 for random bytes, with a
/// standard deviation of 23. Tables that contain each byte equally often are below kLowest. Pages
/// that a compressor can shrink are above kHighest; at that limit, by 2 %.
bool as_even_as_chance(std::span<const std::byte> page) {
    constexpr uint32_t kLowest = 150, kHighest = 717;
    // Two arrays: with one, equal neighbours would wait for each other's count.
    std::array<std::array<uint16_t, 256>, 2> counts{};
    for (size_t i = 0; i < kSecondLook.count; ++i) {
        const auto run = kSecondLook.of(page, i);
        for (size_t at = 0; at < run.size(); at += 2) {
            ++counts[0][std::to_integer<size_t>(run[at])];
            ++counts[1][std::to_integer<size_t>(run[at + 1])];
        }
    }
    uint32_t squares = 0;
    for (size_t value = 0; value < 256; ++value) {
        const uint32_t count = counts[0][value] + counts[1][value];
        squares += count * count;
    }
    constexpr uint32_t kBytes = kSecondLook.bytes();
    // Never negative: the sum of squares is smallest if all counts are equal.
    const uint32_t chi_square = squares / (kBytes / 256) - kBytes;
    return chi_square >= kLowest && chi_square <= kHighest;
}

}  // namespace

bool looks_random(std::span<const std::byte> page) {
    return page.size() >= kSecondLook.bytes() && varied(page) && as_even_as_chance(page);
}

}  // namespace guestdump::dump
