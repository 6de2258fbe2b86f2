// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <vector>

#include "format/kdump.h"
#include "vmcore/byte_source.h"
#include "vmcore/expand/decompressor.h"

namespace guestdump::vmcore {

/// Reads some consecutive pages of a kdump-compressed file. Pages that also follow each other in
/// the file are read with one call. One thread; short-lived.
class StoredPages {
  public:
    /// @descriptors are those of the pages from @first_pfn on. They and @source must outlive this.
    StoredPages(const ByteSource& source, std::span<const format::PageDesc> descriptors,
                uint64_t first_pfn)
        : source_(source), descriptors_(descriptors), first_pfn_(first_pfn) {}

    /// Fills @page with page first_pfn + @index.
    ///
    /// Errors: the descriptor is implausible or points outside the file; the page does not
    /// decompress.
    Result<> read(size_t index, std::span<std::byte> page);

  private:
    Result<> check(size_t index, size_t page_size) const;
    Result<std::span<const std::byte>> stored(size_t index, size_t page_size);
    uint64_t window_end(size_t index, size_t page_size) const;

    const ByteSource& source_;
    std::span<const format::PageDesc> descriptors_;
    uint64_t first_pfn_;
    Decompressor decompressor_;
    uint64_t window_start_ = 0;      ///< file offset of the bytes in window_
    std::vector<std::byte> window_;  ///< the stored bytes of several pages
    std::vector<std::byte> single_;  ///< bytes of a page that lies elsewhere, such as a shared page
};

}  // namespace guestdump::vmcore
