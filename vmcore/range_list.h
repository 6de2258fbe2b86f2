// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::vmcore {

/// Ranges of guest-physical memory: in order, disjoint, and not touching each other.
using RangeList = std::vector<guest::GpaRange>;

/// The union of @ranges, which may be in any order and overlap.
RangeList joined(std::vector<guest::GpaRange> ranges);

/// The ranges of @blocks. Those of blocks that touch are joined.
RangeList ranges_of(const guest::GuestPhysBlockList& blocks);

/// The ranges that both lists have.
RangeList common_ranges(const RangeList& a, const RangeList& b);

/// The ranges that @a has and @b has not.
RangeList ranges_without(const RangeList& a, const RangeList& b);

/// Sum of the sizes, bytes.
uint64_t total_bytes(const RangeList& ranges);

}  // namespace guestdump::vmcore
