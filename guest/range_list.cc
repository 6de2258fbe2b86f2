// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/range_list.h"

#include <algorithm>

namespace guestdump::guest {

namespace {

/// Adds @range, which must not begin before the last range of @list.
void append(RangeList& list, const GpaRange& range) {
    const bool joins = !list.empty() && (list.back().last() >= range.start.value ||
                                         list.back().last() + 1 == range.start.value);
    if (!joins) {
        list.push_back(range);
    } else if (range.last() > list.back().last()) {
        list.back().size += range.last() - list.back().last();
    }
}

/// Adds the parts of @range that lie before, between and after @others.
void add_gaps(const GpaRange& range, std::span<const GpaRange> others, RangeList& out) {
    uint64_t at = range.start.value;
    const auto first = std::partition_point(
        others.begin(), others.end(),
        [&](const GpaRange& other) { return other.last() < range.start.value; });
    for (auto other = first; other != others.end() && other->start.value <= range.last(); ++other) {
        if (other->start.value > at) out.push_back({Gpa{at}, other->start.value - at});
        if (other->last() >= range.last()) return;
        at = other->last() + 1;
    }
    out.push_back({Gpa{at}, range.last() - at + 1});
}

}  // namespace

RangeList joined(std::vector<GpaRange> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](const GpaRange& a, const GpaRange& b) { return a.start < b.start; });
    RangeList list;
    for (const GpaRange& range : ranges) append(list, range);
    return list;
}

RangeList ranges_of(const GuestPhysBlockList& blocks) {
    RangeList list;
    for (const GuestPhysBlock& block : blocks.view()) append(list, block.range);
    return list;
}

RangeList common_ranges(const RangeList& a, const RangeList& b) {
    RangeList common;
    for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (const auto both = a[i].overlap(b[j])) common.push_back(*both);
        ++(a[i].last() < b[j].last() ? i : j);
    }
    return common;
}

RangeList ranges_without(const RangeList& a, const RangeList& b) {
    RangeList rest;
    for (const GpaRange& range : a) add_gaps(range, b, rest);
    return rest;
}

bool contains(const RangeList& ranges, Gpa gpa) {
    const auto found =
        std::partition_point(ranges.begin(), ranges.end(),
                             [gpa](const GpaRange& range) { return range.last() < gpa.value; });
    return found != ranges.end() && found->contains(gpa);
}

uint64_t total_bytes(const RangeList& ranges) {
    uint64_t total = 0;
    for (const GpaRange& range : ranges) total += range.size;
    return total;
}

}  // namespace guestdump::guest
