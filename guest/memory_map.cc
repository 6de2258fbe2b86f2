// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/memory_map.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace guestdump::guest {
namespace {

/// The first of @blocks that ends at or behind @gpa.
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

bool continues(const MemoryMapping& left, const MemoryMapping& right) {
    return left.virt.value + left.length == right.virt.value &&
           left.phys.value + left.length == right.phys.value;
}

/// What a mapping adds to each physical address; mappings of one distance can be joined.
uint64_t distance(const MemoryMapping& mapping) {
    return mapping.virt.value - mapping.phys.value;
}

bool before(const MemoryMapping& left, const MemoryMapping& right) {
    return std::tie(left.virt, left.phys, left.length) <
           std::tie(right.virt, right.phys, right.length);
}

/// How many different mappings two sorted lists hold.
size_t union_size(std::span<const MemoryMapping> left, std::span<const MemoryMapping> right) {
    size_t shared = 0;
    for (size_t i = 0, k = 0; i < left.size() && k < right.size();) {
        if (left[i] == right[k]) ++shared;
        const bool step_left = !before(right[k], left[i]), step_right = !before(left[i], right[k]);
        i += step_left;
        k += step_right;
    }
    return left.size() + right.size() - shared;
}

/// Sorts @count mappings from @first on, in steps of some milliseconds between which it asks
/// whether the result is still wanted. Errors: cancellation; the mappings are then in some order.
template <class Before>
Result<> sort_in_steps(MemoryMapping* first, size_t count, const util::Cancellation& cancellation,
                       Before before) {
    constexpr size_t kStep = size_t{1} << 15;
    for (size_t at = 0; at < count; at += kStep) {
        TRY(cancellation.check());
        std::sort(first + at, first + std::min(at + kStep, count), before);
    }
    for (size_t width = kStep; width < count; width *= 2) {
        for (size_t at = 0; at + width < count; at += 2 * width) {
            TRY(cancellation.check());
            std::inplace_merge(first + at, first + at + width,
                               first + std::min(at + 2 * width, count), before);
        }
    }
    return {};
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

Error too_many(size_t cap) {
    return Error::make("the guest's page tables hold more than %zu separate mappings", cap);
}

Result<> MemoryMappingList::add(const MemoryMapping& mapping) {
    if (mapping.length == 0) return {};
    if (!mappings_.empty() && continues(mappings_.back(), mapping)) {
        mappings_.back().length += mapping.length;
        return {};
    }
    if (mappings_.size() >= cap_) return too_many(cap_);
    return mappings_.push_back(mapping);
}

Result<> MemoryMappingList::merge(MemoryMappingList other) {
    const size_t size = union_size(view(), other.view());
    if (size > cap_) return too_many(cap_);
    if (mappings_.empty()) std::swap(mappings_, other.mappings_);
    size_t left = mappings_.size(), right = other.mappings_.size();
    TRY(mappings_.resize(size));
    // From the back, where there is room: no third list is needed.
    for (size_t to = size; right > 0;) {
        const MemoryMapping& next = other.mappings_[right - 1];
        if (left > 0 && before(next, mappings_[left - 1])) {
            mappings_[--to] = mappings_[--left];
            continue;
        }
        if (left > 0 && mappings_[left - 1] == next) --left;
        mappings_[--to] = next;
        --right;
    }
    return {};
}

Result<> MemoryMappingList::normalize(const util::Cancellation& cancellation) {
    TRY(sort_in_steps(
        mappings_.begin(), mappings_.size(), cancellation, [](const auto& left, const auto& right) {
            return std::pair(distance(left), left.virt) < std::pair(distance(right), right.virt);
        }));
    size_t kept = 0;
    for (const MemoryMapping& mapping : mappings_) {
        MemoryMapping* last = kept > 0 ? &mappings_[kept - 1] : nullptr;
        const uint64_t skip = last ? mapping.virt.value - last->virt.value : 0;
        if (last && distance(*last) == distance(mapping) && skip <= last->length) {
            last->length = std::max(last->length, skip + mapping.length);
        } else {
            mappings_[kept++] = mapping;
        }
    }
    mappings_.truncate(kept);
    return sort_in_steps(
        mappings_.begin(), mappings_.size(), cancellation, [](const auto& left, const auto& right) {
            return std::pair(left.virt, left.phys) < std::pair(right.virt, right.phys);
        });
}

}  // namespace guestdump::guest
