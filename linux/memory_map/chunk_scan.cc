// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/chunk_scan.h"

#include <algorithm>

namespace guestdump::linux_guest {

Result<ScanCounts> ChunkScan::scan(uint64_t chunk, const util::Cancellation& cancellation,
                                   Marks& marks) {
    base_ = chunk * kPages;
    counts_ = {};
    marks.fill(0);
    marks_ = &marks;
    const uint64_t limit = base_ + kPages;
    for (auto run = memory_.next_run(base_); run && run->first < limit;
         run = memory_.next_run(run->end)) {
        const uint64_t run_end = std::min(run->end, limit);
        for (uint64_t first = run->first; first < run_end;) {
            TRY(cancellation.check());
            const uint64_t end =
                std::min(run_end, (first / StructPages::kPiece + 1) * StructPages::kPiece);
            const StructPages::Piece piece = pages_.read(first, end);
            if (piece.is_covered) {
                counts_.unmapped += piece.unmapped;
                scan_piece(piece, first, end);
            } else {
                end_block(block_.end <= first);
                counts_.uncovered += end - first;
                counts_.classes[PageClass::kept] += end - first;
            }
            first = end;
        }
    }
    end_block(true);
    return counts_;
}

void ChunkScan::scan_piece(const StructPages::Piece& piece, uint64_t first, uint64_t end) {
    const uint64_t size = judge_.layout().size;
    for (uint64_t pfn = first; pfn < end; ++pfn) {
        const uint64_t at = (pfn - piece.first) * size;
        const StructPage page{.pfn = pfn,
                              .virt = piece.virt + at,
                              .bytes = piece.bytes + at,
                              // Needed for heads only, which are even; a pair is never divided.
                              .next = pfn % 2 == 0 ? piece.bytes + at + size : nullptr};
        if (!continues_block(page)) begin_block(page);
    }
}

/// True if @page belongs to the block that has begun; ends the block otherwise.
bool ChunkScan::continues_block(const StructPage& page) {
    if (page.pfn >= block_.end) {
        end_block(true);
        return false;
    }
    if (!judge_.belongs(page, block_.verdict.block)) {
        end_block(false);
        return false;
    }
    ++block_.seen;
    // The block is kept, but this page of it has a memory error and must not be read.
    if (block_.verdict.block != Verdict::Block::hugetlb && judge_.is_poisoned(page) &&
        !judge_.leaves_out(block_.verdict.page_class)) {
        ++block_.poisoned;
        ++counts_.classes[PageClass::hwpoison];
        mark(page.pfn, page.pfn + 1);
    }
    return true;
}

void ChunkScan::begin_block(const StructPage& page) {
    const Verdict verdict = judge_.judge(page);
    if (verdict.contradicts) ++counts_.rejected;
    block_ = {.first = page.pfn,
              .end = page.pfn + (uint64_t{1} << verdict.order),
              .seen = 1,
              .verdict = verdict};
}

/// Counts the pages of the block, and marks them if they are left out. If @is_whole is false, the
/// block is kept.
void ChunkScan::end_block(bool is_whole) {
    if (block_.end == 0) return;
    const PageClass page_class = block_.verdict.page_class;
    if (is_whole) {
        counts_.classes[page_class] += block_.seen - block_.poisoned;
        if (judge_.leaves_out(page_class)) mark(block_.first, block_.end);
    } else {
        ++counts_.rejected;
        counts_.classes[PageClass::kept] += block_.seen - block_.poisoned;
    }
    block_ = {};
}

void ChunkScan::mark(uint64_t first, uint64_t end) {
    for (uint64_t at = first - base_; at < end - base_;) {
        const uint64_t in_word = at % 64, count = std::min(64 - in_word, end - base_ - at);
        const uint64_t bits = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
        (*marks_)[at / 64] |= bits << in_word;
        at += count;
    }
}

}  // namespace guestdump::linux_guest
