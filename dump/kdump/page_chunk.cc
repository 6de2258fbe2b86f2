// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_chunk.h"

#include <algorithm>

namespace guestdump::dump {
namespace {

/// Blank pages that one chunk may have: they cost a descriptor each and nothing else.
constexpr uint64_t kMostBlank = uint64_t{1} << 16;

}  // namespace

ChunkCursor::ChunkCursor(std::span<const PfnRun> runs, size_t page_size,
                         const guest::PageSource& source)
    : runs_(runs),
      page_size_(page_size),
      source_(source),
      pages_per_chunk_(std::max<size_t>(1, kChunkBytes / page_size)),
      at_(runs.empty() ? 0 : runs.front().first) {}

bool ChunkCursor::next(PageChunk& chunk) {
    if (runs_.empty()) return false;
    const uint64_t ordinary = std::min(runs_.front().end - at_, pages_per_chunk_);
    const uint64_t blank = blank_pages();
    chunk.first = at_;
    // A shorter blank stretch is left to whoever reads the chunk.
    chunk.blank = blank >= ordinary;
    chunk.count = chunk.blank ? blank : ordinary;
    at_ += chunk.count;
    if (at_ == runs_.front().end) next_run();
    return true;
}

/// Pages from at_ on that were never populated.
uint64_t ChunkCursor::blank_pages() {
    if (at_ < populated_to_) return 0;
    const uint64_t looked_at = std::min(runs_.front().end - at_, kMostBlank);
    const guest::RamExtent extent =
        source_.extent(guest::Gpa{at_ * page_size_}, looked_at * page_size_);
    const uint64_t pages = std::min(extent.length / page_size_, looked_at);
    if (!extent.populated) return pages;
    populated_to_ = at_ + pages;
    return 0;
}

void ChunkCursor::next_run() {
    runs_ = runs_.subspan(1);
    if (!runs_.empty()) at_ = runs_.front().first;
}

}  // namespace guestdump::dump
