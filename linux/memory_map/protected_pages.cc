// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/protected_pages.h"

#include <algorithm>
#include <tuple>

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kPage = 4096;
/// Limit on entries, of 24 bytes each. A guest of 1 TiB whose memory is all hugetlb pages needs
/// this many. Only a malicious guest needs more; then more pages than necessary are protected.
constexpr size_t kMostEntries = size_t{1} << 19;

}  // namespace

const char* name_of(Reason reason) {
    switch (reason) {
        case Reason::memory_map:
            return "the memory map";
        case Reason::page_table:
            return "the page tables";
        case Reason::kernel_text:
            return "the kernel's code";
        case Reason::vcpu_code:
            return "the code that a vCPU ran";
        case Reason::vcpu_stack:
            return "the stack of a vCPU";
        case Reason::other:
            break;
    }
    return "other";
}

Result<> ProtectedPages::add(guest::Gpa from, uint64_t size, Reason reason) {
    if (size == 0) return {};
    const uint64_t reach = std::min(size - 1, UINT64_MAX - from.value);
    const uint64_t end = (from.value + reach) / kPage + 1;
    for (uint64_t first = from.value / kPage; first < end;) {
        const uint64_t stop = std::min(end, (first / ChunkScan::kPages + 1) * ChunkScan::kPages);
        TRY(push({first, stop, reason}));
        first = stop;
    }
    return {};
}

Result<> ProtectedPages::push(Entry entry) {
    if (granule_ > 1) {
        entry.first = entry.first / granule_ * granule_;
        entry.end = (entry.end + granule_ - 1) / granule_ * granule_;
        entry.reason = Reason::other;
    }
    if (!entries_.empty()) {
        Entry& last = entries_.back();
        if (last.first <= entry.first && entry.end <= last.end && last.reason == entry.reason)
            return {};
        const bool continues = last.end == entry.first && last.reason == entry.reason &&
                               entry.first % ChunkScan::kPages != 0;
        if (continues) {
            last.end = entry.end;
            return {};
        }
    }
    TRY(entries_.push_back(entry));
    if (entries_.size() == kMostEntries) coarsen();
    return {};
}

void ProtectedPages::sort() {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& left, const Entry& right) {
        return std::tie(left.first, left.end) < std::tie(right.first, right.end);
    });
}

/// Joins adjacent and overlapping entries that have the same reason and chunk. The entries must be
/// sorted.
void ProtectedPages::join() {
    size_t count = 0;
    for (const Entry& entry : entries_) {
        Entry* const last = count == 0 ? nullptr : &entries_[count - 1];
        const bool joins = last && last->reason == entry.reason && entry.first <= last->end &&
                           entry.first / ChunkScan::kPages == last->first / ChunkScan::kPages;
        if (joins) {
            last->end = std::max(last->end, entry.end);
        } else {
            entries_[count++] = entry;
        }
    }
    entries_.truncate(count);
}

/// Makes room by rounding entries to larger ranges, until half the entries are free. This protects
/// more pages than necessary.
void ProtectedPages::coarsen() {
    sort();
    join();
    while (entries_.size() > kMostEntries / 2 && granule_ < ChunkScan::kPages) {
        granule_ *= 4;
        for (Entry& entry : entries_) {
            entry.first = entry.first / granule_ * granule_;
            entry.end = (entry.end + granule_ - 1) / granule_ * granule_;
            entry.reason = Reason::other;
        }
        join();
    }
}

std::span<const ProtectedPages::Entry> ProtectedPages::of_chunk(uint64_t chunk) const {
    const auto first_from = [this](uint64_t pfn) {
        return std::partition_point(entries_.begin(), entries_.end(),
                                    [pfn](const Entry& entry) { return entry.first < pfn; });
    };
    const auto begin = first_from(chunk * ChunkScan::kPages);
    return {begin, first_from((chunk + 1) * ChunkScan::kPages)};
}

std::optional<ProtectedPages::Hit> ProtectedPages::find_marked(uint64_t chunk,
                                                               const ChunkScan::Marks& marks,
                                                               const guest::PageSet& memory) const {
    const uint64_t base = chunk * ChunkScan::kPages;
    for (const Entry& entry : of_chunk(chunk)) {
        if (entry.reason == Reason::other) continue;
        for (uint64_t pfn = entry.first; pfn < entry.end; ++pfn) {
            const bool is_marked = (marks[(pfn - base) / 64] >> pfn % 64 & 1) != 0;
            if (is_marked && memory.contains(pfn)) return Hit{pfn, entry.reason};
        }
    }
    return std::nullopt;
}

void ProtectedPages::unmark(uint64_t chunk, ChunkScan::Marks& marks) const {
    const uint64_t base = chunk * ChunkScan::kPages;
    for (const Entry& entry : of_chunk(chunk)) {
        for (uint64_t pfn = entry.first; pfn < entry.end; ++pfn)
            marks[(pfn - base) / 64] &= ~(uint64_t{1} << pfn % 64);
    }
}

}  // namespace guestdump::linux_guest
