// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "guest/page_set.h"
#include "guest/page_source.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// Consecutive pages that go through the kdump pipeline together.
struct PageChunk {
    struct Page {
        enum class Kind : uint8_t {
            zero,  ///< refers to the one zero page
            own,   ///< has its own bytes in the file
            twin,  ///< refers to the bytes of an earlier page
        };
        Kind kind = Kind::zero;
        bool remembered = false;  ///< own only: the sharing table needs its place in the file
        uint32_t position = 0;    ///< in the sharing table: of this page or of its twin
        uint32_t size = 0;        ///< own only: stored bytes
        uint64_t hash = 0;
        uint64_t twin_pfn = 0;
    };

    uint64_t first = 0;  ///< page frame number
    uint64_t count = 0;
    bool blank = false;       ///< no page was ever populated; bytes and pages are unused
    std::vector<Page> pages;  ///< count elements
    util::MappedArray<std::byte>
        bytes;            ///< page contents; after compression, the packed data to store
    size_t stored = 0;    ///< bytes of packed data
    uint64_t offset = 0;  ///< of the packed data in the dump
};

/// Cuts a set of pages into chunks.
class ChunkCursor {
  public:
    /// A chunk that is not blank has at most this many bytes, or is one page.
    static constexpr size_t kChunkBytes = size_t{1} << 20;

    /// @pages and @source must outlive this.
    ChunkCursor(const guest::PageSet& pages, size_t page_size, const guest::PageSource& source);

    uint64_t pages_per_chunk() const { return pages_per_chunk_; }

    /// Sets first, count and blank of the next chunk. Returns false if there are no more pages.
    bool next(PageChunk& chunk);

  private:
    uint64_t blank_pages();

    const guest::PageSet& pages_;
    size_t page_size_;
    const guest::PageSource& source_;
    uint64_t pages_per_chunk_;
    std::optional<guest::PfnRun> run_;  ///< rest of the current run; empty at the end
    uint64_t populated_to_ = 0;         ///< pages before this one are known to be populated
};

}  // namespace guestdump::dump
