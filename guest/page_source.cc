// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/page_source.h"

#include <algorithm>
#include <utility>

namespace guestdump::guest {

RamSource::RamSource(GuestPhysBlockList blocks) : blocks_(std::move(blocks)) {}
RamSource::~RamSource() = default;

RamExtent RamSource::extent(Gpa from, uint64_t limit) const {
    const GuestPhysBlock* block = blocks_.find_from(from);
    const uint64_t reach = std::min(limit - 1, UINT64_MAX - from.value);  // last byte, relative
    if (!block || block->range.start.value > from.value + reach) {
        return RamExtent{.length = limit, .populated = false};
    }
    if (block->range.start > from) {
        return RamExtent{.length = block->range.start.value - from.value, .populated = false};
    }
    const uint64_t skip = from.value - block->range.start.value;
    const uint64_t length = std::min(block->range.size - skip, reach + 1);
    return block->region->extent(block->offset + skip, block->offset + skip + length);
}

}  // namespace guestdump::guest
