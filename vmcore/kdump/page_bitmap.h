// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Page frames [first, first + count) are set in a bitmap; @rank set ones lie below them.
struct BitmapRun {
    uint64_t first = 0, count = 0, rank = 0;
    uint64_t end() const { return first + count; }
};

/// A bitmap of page frames as its runs of set bits, in order: small for a dump of all memory, and
/// the index of a page's descriptor can be told without counting bits.
class PageBitmap {
  public:
    /// A bitmap that is scattered into more runs than this is not believed.
    static constexpr size_t kMaxRuns = size_t{1} << 22;

    /// Reads the bitmap at @offset for page frames below @max_mapnr. Holes of the file are skipped.
    /// Errors: reading; kMaxRuns.
    static Result<PageBitmap> read(const ByteSource& source, uint64_t offset, uint64_t max_mapnr);

    /// The run that has @pfn, or nullptr.
    const BitmapRun* find(uint64_t pfn) const;
    /// The first run that ends behind @pfn, or nullptr.
    const BitmapRun* find_from(uint64_t pfn) const;

    const std::vector<BitmapRun>& view() const { return runs_; }
    /// How many page frames are set.
    uint64_t pages() const { return runs_.empty() ? 0 : runs_.back().rank + runs_.back().count; }

  private:
    bool add_byte(uint64_t pfn, unsigned bits);
    bool add(uint64_t pfn, uint64_t count);

    std::vector<BitmapRun> runs_;
};

}  // namespace guestdump::vmcore
