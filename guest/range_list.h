// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::guest {

/// Ranges of guest-physical memory: sorted, disjoint and not adjacent.
using RangeList = std::vector<GpaRange>;

/// Returns the union of @ranges, which may overlap and be in any order.
RangeList joined(std::vector<GpaRange> ranges);

/// Returns the ranges of @blocks; adjacent ones are joined.
RangeList ranges_of(const GuestPhysBlockList& blocks);

/// Returns the memory that is in both lists.
RangeList common_ranges(const RangeList& a, const RangeList& b);

/// Returns the memory that is in @a but not in @b.
RangeList ranges_without(const RangeList& a, const RangeList& b);

/// True if @gpa is in @ranges. Takes time logarithmic in their number.
bool contains(const RangeList& ranges, Gpa gpa);

/// Returns the sum of the sizes, bytes.
uint64_t total_bytes(const RangeList& ranges);

}  // namespace guestdump::guest
