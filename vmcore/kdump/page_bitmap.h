// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Page frames [first, first + count) are set in a bitmap; @rank page frames below them are set.
struct BitmapRun {
    uint64_t first = 0, count = 0, rank = 0;
    uint64_t end() const { return first + count; }
};

/// A bitmap of page frames as a list of its runs of set bits, in order. The list is short for a
/// dump of all memory, and the index of a page's descriptor follows without counting bits.
class PageBitmap {
  public:
    /// Limit on the number of runs; a bitmap with more is rejected.
    static constexpr size_t kMaxRuns = size_t{1} << 22;

    /// Reads the bitmap at @offset for page frames below @max_mapnr. Holes of the file are skipped.
    /// @page_size, in bytes, is for messages. Errors: failed reads; more than kMaxRuns runs.
    static Result<PageBitmap> read(const ByteSource& source, uint64_t offset, uint64_t max_mapnr,
                                   uint32_t page_size = 4096);

    /// Returns the run that contains @pfn, or nullptr.
    const BitmapRun* find(uint64_t pfn) const;
    /// Returns the first run that ends after @pfn, or nullptr.
    const BitmapRun* find_from(uint64_t pfn) const;

    const std::vector<BitmapRun>& view() const { return runs_; }
    /// Returns the number of page frames below @pfn that are set.
    uint64_t rank(uint64_t pfn) const;

    /// Number of page frames that are set.
    uint64_t pages() const { return runs_.empty() ? 0 : runs_.back().rank + runs_.back().count; }

  private:
    bool add_byte(uint64_t pfn, unsigned bits);
    bool add(uint64_t pfn, uint64_t count);

    std::vector<BitmapRun> runs_;
};

}  // namespace guestdump::vmcore
