// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "dump/compress/compressor.h"
#include "dump/kdump/page_chunk.h"
#include "dump/progress.h"
#include "guest/page_source.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// What one thread needs to work on a chunk's contents. One thread at a time.
class PageWorker {
  public:
    /// @source must outlive it. Errors: the host has no memory to give.
    static Result<PageWorker> make(std::unique_ptr<Compressor> compressor, size_t page_size,
                                   const guest::PageSource& source);

    /// Fills in the chunk's bytes, and for each page whether it is zero and, where @want_hashes,
    /// its hash. Errors: those of the source.
    Result<> read(PageChunk& chunk, bool want_hashes);

    /// Turns each twin that does not have its twin's contents into a page of its own, compresses
    /// the pages that are, and packs them. Errors: those of the source; @progress was cancelled.
    Result<> compress(PageChunk& chunk, const Progress& progress);

  private:
    using Bytes = util::MappedArray<std::byte>;

    PageWorker(std::unique_ptr<Compressor> compressor, size_t page_size,
               const guest::PageSource& source, Bytes twin, Bytes room)
        : compressor_(std::move(compressor)),
          page_size_(page_size),
          source_(&source),
          twin_(std::move(twin)),
          room_(std::move(room)) {}

    Result<> read_pages(PageChunk& chunk, uint64_t index, uint64_t count, bool want_hashes);
    Result<bool> same_as(uint64_t pfn, std::span<const std::byte> page);
    uint32_t store(std::span<const std::byte> page, std::span<std::byte> out);

    std::unique_ptr<Compressor> compressor_;
    size_t page_size_;
    const guest::PageSource* source_;
    Bytes twin_;                        ///< contents of twin_pfn_
    std::optional<uint64_t> twin_pfn_;  ///< the page compared with last
    Bytes room_;
};

}  // namespace guestdump::dump
