// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/memory_pieces.h"

#include <algorithm>

namespace guestdump::dump {
namespace {

enum class Part { stored, left_out, zero };

struct PartRange {
    guest::GpaRange range;
    Part part;
};

void add(const guest::RangeList& ranges, Part part, std::vector<PartRange>& parts) {
    for (const guest::GpaRange& range : ranges) parts.push_back({range, part});
}

}  // namespace

MemoryPieces pieces_of(const guest::GuestPhysBlockList& blocks, const guest::RangeList& left_out,
                       const guest::RangeList& zero) {
    std::vector<PartRange> parts;
    for (const guest::GuestPhysBlock& block : blocks.view())
        parts.push_back({block.range, Part::stored});
    add(left_out, Part::left_out, parts);
    add(zero, Part::zero, parts);
    std::sort(parts.begin(), parts.end(),
              [](const PartRange& a, const PartRange& b) { return a.range.start < b.range.start; });
    MemoryPieces pieces;
    Part last = Part::stored;
    for (const auto& [range, part] : parts) {
        const bool touches = !pieces.empty() && pieces.back().last() + 1 == range.start.value;
        // What is not in the file follows what is; and one header has one kind of it.
        if (touches && part != Part::stored && (last == Part::stored || last == part)) {
            pieces.back().size += range.size;
        } else {
            pieces.push_back(range);
        }
        last = part;
    }
    return pieces;
}

}  // namespace guestdump::dump
