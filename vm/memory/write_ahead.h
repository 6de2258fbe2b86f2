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
    /// Number of pages from @page on that are worth serving together, because a writer that has
    /// been served up to @page has come to it: 1 at first, and then twice as many each time. The
    /// caller calls served() afterwards.
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
