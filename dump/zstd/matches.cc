// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/matches.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace dump::zstd {
namespace {

constexpr size_t kLeast = 4;  ///< bytes of a match

uint32_t four(const std::byte* at) {
    uint32_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

uint64_t eight(const std::byte* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// How many bytes @a and @b have in common; @b is further on, and ends at @end.
size_t common(const std::byte* a, const std::byte* b, const std::byte* end) {
    const std::byte* const begin = b;
    for (; end - b >= 8; a += 8, b += 8) {
        const uint64_t differ = eight(a) ^ eight(b);
        if (differ == 0) continue;
        const int equal_bits = std::endian::native == std::endian::little
                                   ? std::countr_zero(differ)
                                   : std::countl_zero(differ);
        return static_cast<size_t>(b - begin + equal_bits / 8);
    }
    while (b < end && *a == *b) ++a, ++b;
    return static_cast<size_t>(b - begin);
}

}  // namespace

MatchFinder::MatchFinder(size_t page_size)
    : page_size_(page_size), sequences_(page_size / kLeast + 1), literals_(page_size + 32) {}

void MatchFinder::find(std::span<const std::byte> page) {
    assert(page.size() == page_size_);
    sequence_count_ = literal_count_ = 0;
    // What was not seen yet is looked for at the page's begin, where it is as good as anywhere.
    last_.fill(0);
    const std::byte* const begin = page.data();
    const std::byte* const end = begin + page.size();
    const std::byte* const last_look = end - 20;
    const std::byte* from = begin;  // of the literals not yet given out
    const std::byte* at = begin + 1;
    const auto slot = [](const std::byte* p) {
        return static_cast<uint32_t>(four(p) * 2654435761u >> (32 - kHashBits));
    };
    const auto position = [&](const std::byte* p) { return static_cast<uint16_t>(p - begin); };
    uint32_t repeat = 1, repeat_before = 4;
    while (at < last_look) {
        uint16_t& seen = last_[slot(at)];
        const std::byte* const candidate = begin + seen;
        seen = position(at);
        const std::byte* const again = at + 1;
        if (static_cast<size_t>(again - begin) >= repeat && four(again) == four(again - repeat)) {
            const size_t length = kLeast + common(again - repeat + kLeast, again + kLeast, end);
            emit(from, static_cast<size_t>(again - from), length, 1);
            from = at = again + length;
        } else if (four(candidate) == four(at)) {
            const std::byte* match = candidate;
            size_t length = kLeast + common(match + kLeast, at + kLeast, end);
            while (at > from && match > begin && at[-1] == match[-1]) --at, --match, ++length;
            const auto offset = static_cast<uint32_t>(at - match);
            emit(from, static_cast<size_t>(at - from), length, offset_value(offset));
            repeat_before = std::exchange(repeat, offset);
            from = at = at + length;
        } else {
            // Where nothing was found for long, little will be.
            at += 1 + (at - from) / 64;
            continue;
        }
        if (at >= last_look) break;
        last_[slot(at - 2)] = position(at - 2);
        // Without literals between, the offset before the last one is the first to be repeated.
        while (at < last_look && static_cast<size_t>(at - begin) >= repeat_before &&
               four(at) == four(at - repeat_before)) {
            const size_t length = kLeast + common(at - repeat_before + kLeast, at + kLeast, end);
            std::swap(repeat, repeat_before);
            last_[slot(at)] = position(at);
            emit(from, 0, length, 1);
            from = at = at + length;
        }
    }
    std::memcpy(literals_.data() + literal_count_, from, static_cast<size_t>(end - from));
    literal_count_ += static_cast<size_t>(end - from);
}

void MatchFinder::emit(const std::byte* literals, size_t count, size_t match, uint32_t offset) {
    // Mostly there are a few; room for more is behind them on both sides.
    std::byte* const out = literals_.data() + literal_count_;
    std::memcpy(out, literals, 16);
    if (count > 16) std::memcpy(out + 16, literals + 16, count - 16);
    literal_count_ += count;
    sequences_[sequence_count_++] = {static_cast<uint32_t>(count), static_cast<uint32_t>(match),
                                     offset};
}

}  // namespace dump::zstd
