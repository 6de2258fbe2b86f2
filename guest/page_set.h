// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "guest/memory_map.h"
#include "util/mapped_array.h"

namespace guestdump::guest {

/// Page frames [first, end): never empty.
struct PfnRun {
    uint64_t first = 0;
    uint64_t end = 0;

    bool operator==(const PfnRun&) const = default;
};

/// A set of guest pages. The request determines it, and the writers make bitmaps, descriptors,
/// program headers and ranges from it.
///
/// At first it contains all pages of some memory; then pages can be removed. It takes one entry for
/// each run of pages in that memory and, once pages were removed from the middle of a run, 1 + 1/32
/// bits for each page of that memory. High addresses do not make it larger. Pages are numbered by
/// page frame number (PFN).
///
/// Built by one thread; then any thread may read it.
class PageSet {
  public:
    PageSet() = default;

    /// The pages of @page_size bytes, a power of two, of which at least one byte is in @blocks.
    static PageSet of(const GuestPhysBlockList& blocks, uint64_t page_size);

    /// The pages of @runs, which ascend and do not touch.
    static PageSet of(std::vector<PfnRun> runs);

    /// Removes all pages outside @run.
    void keep(PfnRun run);

    /// Removes the pages of @run. Errors: out of memory.
    Result<> remove(PfnRun run);

    /// Takes those pages away whose bit is 1: bit i % 64 of word i / 64 of @marks stands for the
    /// page @first + i. Fast for any pattern of bits. Pages that the set does not have are ignored.
    /// Errors: the host has no memory to give.
    Result<> remove(uint64_t first, std::span<const uint64_t> marks);

    /// The same set once more. Errors: the host has no memory to give.
    Result<PageSet> copy() const;

    bool empty() const { return count() == 0; }
    /// Pages in the set.
    uint64_t count() const { return count_; }
    bool contains(uint64_t pfn) const;

    /// The number of pages in the set below @pfn. Takes time logarithmic in the number of runs.
    uint64_t rank(uint64_t pfn) const;

    /// The PFN of the page of the set whose rank is @index, which must be below count(). Takes time
    /// logarithmic in the set's size.
    uint64_t select(uint64_t index) const;

    /// The longest run of pages in the set that begins with the first page at or after @pfn. Empty
    /// if there is no such page.
    /// for (auto run = set.next_run(0); run; run = set.next_run(run->end)) visits every page.
    std::optional<PfnRun> next_run(uint64_t pfn) const;

  private:
    /// A run of pages of the original memory, and the number of pages before it.
    struct Extent {
        PfnRun pages;
        uint64_t before = 0;
    };
    using Words = util::MappedArray<uint64_t>;

    void push(PfnRun run);
    size_t extent_from(uint64_t pfn) const;
    uint64_t places() const;
    uint64_t place_of(uint64_t pfn) const;
    uint64_t kept_below(uint64_t place) const;
    uint64_t nth_kept(uint64_t index) const;
    uint64_t next_place(uint64_t place, uint64_t limit, bool kept) const;
    Result<> begin_filter();
    void clear(uint64_t first, uint64_t end);
    void clear_marked(const Extent& extent, uint64_t first, std::span<const uint64_t> marks);
    void add_to_group(uint64_t group, uint64_t difference);

    std::vector<Extent> extents_;
    uint64_t count_ = 0;
    /// One bit for each page of extents_, at its place, which is its number among all of these
    /// pages. Empty while every page of extents_ is in the set.
    Words bits_;
    /// A Fenwick tree: entry i counts the bits in the groups that it covers, so that both changes
    /// and sums take logarithmic time.
    Words groups_;
};

/// The parts of @blocks in pages of @page_size bytes that are in @pages.
GuestPhysBlockList clip(const GuestPhysBlockList& blocks, const PageSet& pages, uint64_t page_size);

}  // namespace guestdump::guest
