// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <vector>

#include "format/kdump.h"
#include "vmcore/byte_source.h"
#include "vmcore/expand/decompressor.h"

namespace guestdump::vmcore {

/// Reads some pages of a kdump-compressed file that follow each other in page order. What also
/// follows in the file is read with one call. One thread; short-lived.
class StoredPages {
  public:
    /// @descriptors are of pages @first_pfn and so on. Both must outlive this.
    StoredPages(const ByteSource& source, std::span<const format::PageDesc> descriptors,
                uint64_t first_pfn)
        : source_(source), descriptors_(descriptors), first_pfn_(first_pfn) {}

    /// Fills @page with page first_pfn + @index.
    ///
    /// Errors: the descriptor makes no sense or leads outside of the file; the page does not
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
    uint64_t window_start_ = 0;      ///< offset in the file of what window_ has
    std::vector<std::byte> window_;  ///< the stored bytes of several pages
    std::vector<std::byte> single_;  ///< those of a page that lies elsewhere, as shared pages do
};

}  // namespace guestdump::vmcore
