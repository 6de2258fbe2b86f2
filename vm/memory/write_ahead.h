// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace guestdump::vm {

/// Recognizes writers that go through memory from page to page, as readahead recognizes readers.
/// One thread.
class WriteAhead {
  public:
    /// How many pages to serve together for a write to @page. If a known writer has been served up
    /// to @page, twice as many as the last time, at most kMostPages; otherwise 1. Call served()
    /// afterwards.
    uint64_t pages_from(uint64_t page);

    /// The last pages_from() was for a writer that has now been served up to @end.
    void served(uint64_t end);

    /// Most pages that are served together: the kernel can protect or release a quarter of a MiB
    /// as fast as a page.
    static constexpr uint64_t kMostPages = 64;

  private:
    /// A writer that was served up to page @next, @size pages the last time.
    struct Writer {
        uint64_t next = UINT64_MAX, size = 0;
    };

    std::array<Writer, 16> writers_{};  ///< more than that run seldom at once
    size_t oldest_ = 0, current_ = 0;
};

}  // namespace guestdump::vm
