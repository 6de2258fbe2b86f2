// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_worker.h"

#include <algorithm>
#include <cstring>

#include "dump/kdump/page_hash.h"
#include "util/zero.h"

namespace guestdump::dump {

using Kind = PageChunk::Page::Kind;

Result<PageWorker> PageWorker::make(std::unique_ptr<Compressor> compressor, size_t page_size,
                                    const guest::PageSource& source) {
    Bytes twin = TRY(Bytes::make(page_size));
    Bytes room = TRY(Bytes::make(shrink_room(page_size)));
    return PageWorker(std::move(compressor), page_size, source, std::move(twin), std::move(room));
}

Result<> PageWorker::read(PageChunk& chunk, bool want_hashes) {
    chunk.pages.assign(chunk.count, {});
    for (uint64_t index = 0; index < chunk.count;) {
        const uint64_t left = chunk.count - index;
        const guest::Gpa from{(chunk.first + index) * page_size_};
        const guest::RamExtent extent = source_->extent(from, left * page_size_);
        const uint64_t whole = std::min(extent.length / page_size_, left);
        if (!extent.populated && whole > 0) {
            index += whole;
            continue;
        }
        const uint64_t touched = std::min(whole + (extent.length % page_size_ != 0), left);
        TRY(read_pages(chunk, index, touched, want_hashes));
        index += touched;
    }
    return {};
}

Result<> PageWorker::read_pages(PageChunk& chunk, uint64_t index, uint64_t count,
                                bool want_hashes) {
    const auto bytes = std::span(chunk.bytes).subspan(index * page_size_, count * page_size_);
    const uint64_t pfn = chunk.first + index;
    const guest::Gpa from{pfn * page_size_};
    if (auto done = source_->read_padded(from, bytes); !done) {
        return std::move(done).take_error().while_("reading 0x%zx bytes at 0x%" PRIx64,
                                                   bytes.size(), from.value);
    }
    for (uint64_t i = 0; i < count; ++i) {
        const auto contents = bytes.subspan(i * page_size_, page_size_);
        if (util::all_zero(contents)) continue;
        PageChunk::Page& page = chunk.pages[index + i];
        page.kind = Kind::own;
        if (want_hashes) page.hash = hash_page(contents);
    }
    return {};
}

Result<> PageWorker::compress(PageChunk& chunk, const Progress& progress) {
    // The stored bytes never take more room than the pages so far, so they are packed in place.
    chunk.stored = 0;
    for (uint64_t i = 0; i < chunk.count; ++i) {
        PageChunk::Page& page = chunk.pages[i];
        if (page.kind == Kind::zero) continue;
        // With the best compressors a chunk takes most of a second.
        TRY(progress.check());
        const auto contents = std::span(chunk.bytes).subspan(i * page_size_, page_size_);
        if (page.kind == Kind::twin) {
            const bool same = TRY(same_as(page.twin_pfn, contents));
            if (same) continue;
            page.kind = Kind::own;
        }
        page.size = store(contents, std::span(chunk.bytes).subspan(chunk.stored));
        chunk.stored += page.size;
    }
    return {};
}

Result<bool> PageWorker::same_as(uint64_t pfn, std::span<const std::byte> page) {
    // Most twins in a guest have the same contents: a pattern that fills its free memory.
    if (twin_pfn_ != pfn) {
        twin_pfn_.reset();
        TRY(source_->read_padded(guest::Gpa{pfn * page_size_}, twin_));
        twin_pfn_ = pfn;
    }
    return std::memcmp(twin_.data(), page.data(), page_size_) == 0;
}

/// Puts the bytes to store for @page at the start of @out, which may overlap @page. Returns their
/// number.
uint32_t PageWorker::store(std::span<const std::byte> page, std::span<std::byte> out) {
    const auto size = compressor_->shrink(page, room_);
    const auto stored = size ? std::span<const std::byte>(room_).first(*size) : page;
    std::memmove(out.data(), stored.data(), stored.size());
    return static_cast<uint32_t>(stored.size());
}

}  // namespace guestdump::dump
