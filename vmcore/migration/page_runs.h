// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/mapped_vector.h"

namespace guestdump::vmcore {

/// Pages of a RAM block that follow each other, and whose bytes do so in the file.
struct PageRun {
    uint64_t page : 40;   ///< number of the first page in the block
    uint64_t count : 24;  ///< pages, at least 1
    uint64_t
        offset : 63;    ///< in the file, of the first page's bytes or of the record that says zero
    uint64_t zero : 1;  ///< the pages are zero and have no bytes

    uint64_t end() const { return page + count; }
};
static_assert(sizeof(PageRun) == 16);

/// Where the pages of a RAM block lie in the file. Filled in the order of the file, then resolved,
/// then immutable and usable from any thread.
///
/// Memory: 16 bytes for each run. A run takes at least one record of the stream, so a small file
/// cannot claim much.
class PageRuns {
  public:
    /// @stride: bytes in the file from one page to the next.
    explicit PageRuns(uint64_t stride = 0) : stride_(stride) {}

    /// Adds @count pages from @page on, @count at least 1. If they came before, these count.
    /// Errors: out of memory.
    Result<> add(uint64_t page, uint64_t count, uint64_t offset, bool zero);

    /// Sorts the runs and makes them disjoint. O(n log n). Errors: out of memory.
    Result<> resolve();

    /// The run that contains @page, or else the next one, or nullptr. After resolve().
    const PageRun* find_from(uint64_t page) const;
    std::span<const PageRun> view() const { return runs_.view(); }

    /// Offset in the file of @page, which is in @run.
    uint64_t offset_of(const PageRun& run, uint64_t page) const {
        return run.offset + (page - run.page) * stride_;
    }
    uint64_t stride() const { return stride_; }

  private:
    Result<> remove_overlaps();

    uint64_t stride_;
    util::MappedVector<PageRun> runs_;
};

}  // namespace guestdump::vmcore
