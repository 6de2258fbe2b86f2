// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_chunk.h"

#include <algorithm>

namespace guestdump::dump {
namespace {

/// Maximum number of blank pages in one chunk. Each costs a descriptor and nothing else.
constexpr uint64_t kMostBlank = uint64_t{1} << 16;

}  // namespace

ChunkCursor::ChunkCursor(const guest::PageSet& pages, size_t page_size,
                         const guest::PageSource& source)
    : pages_(pages),
      page_size_(page_size),
      source_(source),
      pages_per_chunk_(std::max<size_t>(1, kChunkBytes / page_size)),
      run_(pages.next_run(0)) {}

bool ChunkCursor::next(PageChunk& chunk) {
    if (!run_) return false;
    const uint64_t ordinary = std::min(run_->end - run_->first, pages_per_chunk_);
    const uint64_t blank = blank_pages();
    chunk.first = run_->first;
    // A shorter blank stretch is left to PageWorker::read().
    chunk.blank = blank >= ordinary;
    chunk.count = chunk.blank ? blank : ordinary;
    run_->first += chunk.count;
    if (run_->first == run_->end) run_ = pages_.next_run(run_->end);
    return true;
}

/// Number of pages, from the next one on, that were never populated.
uint64_t ChunkCursor::blank_pages() {
    const uint64_t at = run_->first;
    if (at < populated_to_) return 0;
    const uint64_t looked_at = std::min(run_->end - at, kMostBlank);
    const guest::RamExtent extent =
        source_.extent(guest::Gpa{at * page_size_}, looked_at * page_size_);
    const uint64_t pages = std::min(extent.length / page_size_, looked_at);
    if (!extent.populated) return pages;
    populated_to_ = at + pages;
    return 0;
}

}  // namespace guestdump::dump
