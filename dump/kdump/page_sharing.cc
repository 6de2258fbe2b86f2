// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_sharing.h"

#include <algorithm>
#include <bit>

namespace guestdump::dump {
namespace {

/// The bucket comes from the low bits of a hash, the tag from the high ones.
uint32_t tag_of(uint64_t hash) {
    return static_cast<uint32_t>(hash >> 32);
}

constexpr uint64_t kLeast = 4 * SharingTable::kLead;
constexpr uint64_t kMost = uint64_t{1} << 20;
static_assert(std::has_single_bit(kLeast) && kLeast < kMost);

}  // namespace

util::Result<SharingTable> SharingTable::make(uint64_t pages) {
    const uint64_t capacity = std::bit_ceil(std::clamp(pages, kLeast, kMost));
    SharingTable table;
    table.hashes_ = TRY(util::MappedArray<uint64_t>::make(capacity));
    table.pfns_ = TRY(util::MappedArray<uint64_t>::make(capacity));
    table.offsets_ = TRY(util::MappedArray<uint64_t>::make(capacity));
    table.sizes_ = TRY(util::MappedArray<uint32_t>::make(capacity));
    table.buckets_ =
        TRY(util::MappedArray<Bucket>::make(capacity / std::tuple_size_v<decltype(Bucket::ways)>));
    return table;
}

std::optional<SharingTable::Match> SharingTable::find(uint64_t hash) const {
    for (const Bucket::Way& way : bucket(hash).ways) {
        if (way.tag == tag_of(hash) && hashes_[way.position] == hash && usable(way.position)) {
            return Match{way.position, pfns_[way.position]};
        }
    }
    return std::nullopt;
}

uint32_t SharingTable::remember(uint64_t hash, uint64_t pfn) {
    const auto position = static_cast<uint32_t>(next_++ % hashes_.size());
    hashes_[position] = hash;
    pfns_[position] = pfn;
    auto& ways = bucket(hash).ways;
    std::shift_right(ways.begin(), ways.end(), 1);
    ways.front() = {tag_of(hash), position};
    return position;
}

/// A page that is about to be replaced cannot be used: the deciding step may replace it before the
/// other step reaches the pages that refer to it.
bool SharingTable::usable(uint32_t position) const {
    const uint64_t age = (next_ - position - 1) % hashes_.size();
    return position < next_ && age < hashes_.size() - kLead;
}

}  // namespace guestdump::dump
