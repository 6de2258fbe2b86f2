// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>

#include "guest/page_set.h"
#include "linux/memory_map/page_judge.h"
#include "linux/memory_map/struct_pages.h"
#include "util/cancellation.h"

namespace guestdump::linux_guest {

/// Numbers of pages, counted while they are judged.
struct ScanCounts {
    PageCounts classes;
    uint64_t unmapped = 0, uncovered = 0, rejected = 0;  ///< as in PageFilterReport

    ScanCounts& operator+=(const ScanCounts& other) {
        classes += other.classes;
        unmapped += other.unmapped;
        uncovered += other.uncovered;
        rejected += other.rejected;
        return *this;
    }
    bool operator==(const ScanCounts&) const = default;
};

/// Judges the pages of memory in chunks. A chunk has 2^kMostOrder pages and begins at a multiple of
/// that, so no block crosses a chunk, and the result does not depend on which thread judges which
/// chunk. Used by one thread.
///
/// Reads the struct of each page once, in ascending order. A block is left out only if the structs
/// of all its pages belong to such a block. At the first page whose struct does not, the block
/// ends: its pages so far are kept, and this page is judged as the beginning of another block.
class ChunkScan {
  public:
    static constexpr uint64_t kPages = uint64_t{1} << kMostOrder;
    using Marks = std::array<uint64_t, kPages / 64>;

    /// @memory: all pages that exist. @judge and @memory must outlive this.
    ChunkScan(const PageJudge& judge, StructPages pages, const guest::PageSet& memory)
        : judge_(judge), pages_(std::move(pages)), memory_(memory) {}

    /// Judges chunk number @chunk. Sets in @marks the bit of each of its pages that is left out,
    /// and possibly bits of pages that do not exist. Errors: cancellation.
    Result<ScanCounts> scan(uint64_t chunk, const util::Cancellation& cancellation, Marks& marks);

  private:
    /// A block whose end has not been reached.
    struct Block {
        uint64_t first = 0, end = 0;  ///< pages; end 0: there is no block
        uint64_t seen = 0;            ///< existing pages of the block that have been judged
        Verdict verdict;
        uint64_t poisoned = 0;  ///< pages counted in `seen` that are hwpoison
    };

    void scan_piece(const StructPages::Piece& piece, uint64_t first, uint64_t end);
    bool continues_block(const StructPage& page);
    void begin_block(const StructPage& page);
    void end_block(bool is_whole);
    void mark(uint64_t first, uint64_t end);

    const PageJudge& judge_;
    StructPages pages_;
    const guest::PageSet& memory_;
    uint64_t base_ = 0;  ///< first page of the chunk
    Block block_;
    ScanCounts counts_;
    Marks* marks_ = nullptr;
};

}  // namespace guestdump::linux_guest
