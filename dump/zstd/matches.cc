// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/matches.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace guestdump::dump::zstd {
namespace {

constexpr size_t kLeast = 4;  ///< bytes of a match

/// Bytes of literals that emit() copies whatever their number.
constexpr size_t kCopiedAtOnce = 16;

/// So close to the page's end nothing is looked for: a look reads kLeast bytes from the next one
/// on, and what is found is given out together with the literals before it.
constexpr size_t kTail = kCopiedAtOnce + kLeast;

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
    : page_size_(page_size),
      sequences_(page_size / kLeast + 1),
      literals_(page_size + 2 * kCopiedAtOnce) {}

void MatchFinder::find(std::span<const std::byte> page) {
    assert(page.size() == page_size_);
    sequence_count_ = literal_count_ = 0;
    // What was not seen yet is looked for at the page's begin, where it is as good as anywhere: a
    // candidate's bytes are compared.
    last_.fill(0);
    const std::byte* const begin = page.data();
    const std::byte* const end = begin + page.size();
    const std::byte* const last_look = end - kTail;
    const std::byte* from = begin;  // of the literals not yet given out
    const std::byte* at = begin + 1;
    const auto slot = [](const std::byte* p) {
        return static_cast<uint32_t>(four(p) * 2654435761u >> (32 - kHashBits));
    };
    const auto position = [&](const std::byte* p) { return static_cast<uint16_t>(p - begin); };
    const auto repeats = [&](const std::byte* p, uint32_t offset) {
        return static_cast<size_t>(p - begin) >= offset && four(p) == four(p - offset);
    };
    const auto length_at = [&](const std::byte* p, const std::byte* match) {
        return kLeast + common(match + kLeast, p + kLeast, end);
    };
    // As a reader has them at the begin of a frame. [RFC 8878, 3.1.1.5]
    uint32_t repeat = 1, repeat_before = 4;
    while (at < last_look) {
        uint16_t& seen = last_[slot(at)];
        const std::byte* const candidate = begin + seen;
        seen = position(at);
        // The offset of the match before costs a bit or two, another one a dozen: it is tried
        // first. One byte ahead, because behind that match there is a literal at least.
        const std::byte* const again = at + 1;
        if (repeats(again, repeat)) {
            const size_t length = length_at(again, again - repeat);
            emit(from, static_cast<size_t>(again - from), length, 1);
            from = at = again + length;
        } else if (four(candidate) == four(at)) {
            const std::byte* match = candidate;
            size_t length = length_at(at, match);
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
        while (at < last_look && repeats(at, repeat_before)) {
            const size_t length = length_at(at, at - repeat_before);
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
    std::memcpy(out, literals, kCopiedAtOnce);
    if (count > kCopiedAtOnce) {
        std::memcpy(out + kCopiedAtOnce, literals + kCopiedAtOnce, count - kCopiedAtOnce);
    }
    literal_count_ += count;
    sequences_[sequence_count_++] = {static_cast<uint32_t>(count), static_cast<uint32_t>(match),
                                     offset};
}

}  // namespace guestdump::dump::zstd
