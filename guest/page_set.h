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

/// A set of guest pages: what stands between a request and the writers. Bitmaps, descriptors,
/// program headers and ranges of a dump all come from it.
///
/// It is made of all pages of some memory, from which pages can be taken away. Memory that it
/// needs: one entry for each run of pages in that memory, and, once a page was taken away from
/// within, one bit and a 32nd for each page of that memory, however high its addresses are. Pages
/// are counted by their page frame number (PFN).
///
/// Built by one thread; then any thread may ask.
class PageSet {
  public:
    PageSet() = default;

    /// The pages of @page_size bytes, a power of two, that @blocks touch, if only with one byte. A
    /// page that two blocks share is in it once.
    static PageSet of(const GuestPhysBlockList& blocks, uint64_t page_size);

    /// The pages of @runs, which ascend and do not touch.
    static PageSet of(std::vector<PfnRun> runs);

    /// Takes all pages outside of @run away.
    void keep(PfnRun run);

    /// Takes the pages of @run away that are in the set. Errors: the host has no memory to give.
    Result<> remove(PfnRun run);

    bool empty() const { return count() == 0; }
    /// Pages in the set.
    uint64_t count() const { return count_; }
    bool contains(uint64_t pfn) const;

    /// How many pages of the set lie below @pfn. Takes time in the logarithm of the number of runs.
    uint64_t rank(uint64_t pfn) const;

    /// The PFN of page number @index, below count(), of the set: rank(select(i)) is i. Takes time
    /// in the logarithm of the set's size.
    uint64_t select(uint64_t index) const;

    /// The longest run of pages in the set that begins with the first page from @pfn on. Empty if
    /// there is no such page.
    /// for (auto run = set.next_run(0); run; run = set.next_run(run->end)) visits every page.
    std::optional<PfnRun> next_run(uint64_t pfn) const;

  private:
    /// A run of pages of the memory that the set was made of, and the number of pages before it.
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
    void add_to_group(uint64_t group, uint64_t difference);

    std::vector<Extent> extents_;
    uint64_t count_ = 0;
    /// One bit for each page of extents_, by its place: its number among them all. Empty as long as
    /// every page of extents_ is in the set.
    Words bits_;
    /// A Fenwick tree: entry i counts the bits in the groups that it stands for, so that both
    /// changes and sums take logarithmic time.
    Words groups_;
};

/// What of @blocks lies in pages of @page_size bytes that are in @pages.
GuestPhysBlockList clip(const GuestPhysBlockList& blocks, const PageSet& pages, uint64_t page_size);

}  // namespace guestdump::guest
