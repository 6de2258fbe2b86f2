// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/page_pool.h"

#include <algorithm>

namespace guestdump::vm {

namespace {

/// Limit on slot numbers: LiveRegion stores them in 32 bits, together with a few other states.
constexpr uint64_t kMostSlots = uint64_t{1} << 31;

}  // namespace

PagePool::PagePool(uint64_t bytes) : limit_(std::clamp<uint64_t>(bytes / kPage, 1, kMostSlots)) {}

util::Result<std::optional<uint32_t>> PagePool::take(bool beyond) {
    if (full() && !beyond) return std::optional<uint32_t>();
    if (!free_.empty()) {
        const uint32_t slot = free_.back();
        free_.pop_back();
        return std::optional(slot);
    }
    if (made_ == kMostSlots) return util::Error::make("2^31 pages have been copied aside");
    if (made_ == chunks_.size() * kChunkPages) {
        auto chunk = TRY(util::MappedArray<std::byte>::make(kChunkPages * kPage));
        chunks_.push_back(std::move(chunk));
    }
    return std::optional(static_cast<uint32_t>(made_++));
}

std::span<std::byte> PagePool::bytes(uint32_t slot) {
    return std::span(chunks_[slot / kChunkPages]).subspan(slot % kChunkPages * kPage, kPage);
}

}  // namespace guestdump::vm
