// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/memory_mapping.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace guestdump::guest {
namespace {

bool continues(const MemoryMapping& left, const MemoryMapping& right) {
    return left.virt.value + left.length == right.virt.value &&
           left.phys.value + left.length == right.phys.value;
}

/// Virtual minus physical address. Mappings with the same distance can be joined.
uint64_t distance(const MemoryMapping& mapping) {
    return mapping.virt.value - mapping.phys.value;
}

bool before(const MemoryMapping& left, const MemoryMapping& right) {
    return std::tie(left.virt, left.phys, left.length) <
           std::tie(right.virt, right.phys, right.length);
}

/// The number of different mappings in two sorted lists.
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

/// Sorts @count mappings from @first on, in steps of some milliseconds, and checks @cancellation
/// between them. Errors: cancellation; the mappings are then in an unspecified order.
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
    // Merges from the back, where there is free space: no third list is needed.
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
