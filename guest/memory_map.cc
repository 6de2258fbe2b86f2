// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/memory_map.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "util/result.h"

namespace guestdump::guest {
namespace {

/// The first of @blocks that ends at or after @gpa.
template <class Blocks>
auto first_ending_from(Blocks& blocks, Gpa gpa) {
    return std::partition_point(blocks.begin(), blocks.end(), [gpa](const GuestPhysBlock& block) {
        return block.range.last() < gpa.value;
    });
}

bool continues(const GuestPhysBlock& left, const GuestPhysBlock& right) {
    return left.range.last() + 1 == right.range.start.value && left.region == right.region &&
           left.offset + left.range.size == right.offset;
}
}  // namespace

std::optional<GuestPhysBlock> GuestPhysBlock::clip(const GpaRange& other) const {
    const std::optional<GpaRange> common = range.overlap(other);
    if (!common) return std::nullopt;
    return GuestPhysBlock{*common, region, offset + (common->start.value - range.start.value)};
}

Result<> GuestPhysBlockList::add(GuestPhysBlock block) {
    const GpaRange range = TRY(GpaRange::make(block.range.start, block.range.size));
    if (block.offset > block.region->size() || range.size > block.region->size() - block.offset) {
        return Error::make("the block at 0x%" PRIx64 " ends at offset 0x%" PRIx64
                           " of '%s', which has 0x%" PRIx64 " bytes",
                           range.start.value, block.offset + range.size,
                           std::string(block.region->name()).c_str(), block.region->size());
    }
    auto next = first_ending_from(blocks_, range.start);
    if (next != blocks_.end() && next->range.overlap(range)) {
        return Error::make("the block at 0x%" PRIx64 " of 0x%" PRIx64
                           " bytes overlaps the block at 0x%" PRIx64,
                           range.start.value, range.size, next->range.start.value);
    }
    auto here = blocks_.insert(next, std::move(block));
    if (auto after = std::next(here); after != blocks_.end() && continues(*here, *after)) {
        here->range.size += after->range.size;
        blocks_.erase(after);
    }
    if (here != blocks_.begin() && continues(*std::prev(here), *here)) {
        std::prev(here)->range.size += here->range.size;
        blocks_.erase(here);
    }
    return {};
}

GuestPhysBlockList GuestPhysBlockList::clip(const GpaRange& only) const {
    GuestPhysBlockList result;
    for (const GuestPhysBlock& block : blocks_) {
        if (auto part = block.clip(only)) result.blocks_.push_back(std::move(*part));
    }
    return result;
}

Result<> GuestPhysBlockList::read(Gpa from, std::span<std::byte> out) const {
    uint64_t address = from.value;
    while (!out.empty()) {
        const GuestPhysBlock* block = find(Gpa{address});
        if (!block) {
            return Error::make("no memory at guest-physical address 0x%" PRIx64, address);
        }
        const uint64_t skip = address - block->range.start.value;
        const size_t length = std::min<uint64_t>(out.size(), block->range.size - skip);
        TRY(block->region->read(block->offset + skip, out.first(length)));
        address += length;
        out = out.subspan(length);
    }
    return {};
}

Result<> GuestPhysBlockList::read_padded(Gpa from, std::span<std::byte> out) const {
    if (out.empty()) return {};
    const GpaRange wanted = TRY(GpaRange::make(from, out.size()));
    size_t done = 0;  // bytes of @out that are filled
    for (auto block = first_ending_from(blocks_, from); block != blocks_.end(); ++block) {
        const std::optional<GuestPhysBlock> part = block->clip(wanted);
        if (!part) break;
        const size_t at = part->range.start.value - from.value;
        std::fill(out.begin() + done, out.begin() + at, std::byte{0});
        TRY(part->region->read(part->offset, out.subspan(at, part->range.size)));
        done = at + part->range.size;
    }
    std::fill(out.begin() + done, out.end(), std::byte{0});
    return {};
}

const GuestPhysBlock* GuestPhysBlockList::find(Gpa gpa) const {
    const auto block = first_ending_from(blocks_, gpa);
    return block != blocks_.end() && block->range.contains(gpa) ? &*block : nullptr;
}

const GuestPhysBlock* GuestPhysBlockList::find_from(Gpa gpa) const {
    const auto block = first_ending_from(blocks_, gpa);
    return block != blocks_.end() ? &*block : nullptr;
}

uint64_t GuestPhysBlockList::total_bytes() const {
    uint64_t total = 0;
    for (const GuestPhysBlock& block : blocks_) total += block.range.size;
    return total;
}

Gpa GuestPhysBlockList::last() const {
    return Gpa{blocks_.back().range.last()};
}
}  // namespace guestdump::guest
