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

/// The compressor and buffers with which one thread processes chunks. One thread at a time.
class PageWorker {
  public:
    /// @source must outlive the worker. Errors: the host has no memory to give.
    static Result<PageWorker> make(std::unique_ptr<Compressor> compressor, size_t page_size,
                                   const guest::PageSource& source);

    /// Reads the chunk's contents. Finds out for each page whether it is zero and, if @want_hashes,
    /// its hash. Errors: those of the source.
    Result<> read(PageChunk& chunk, bool want_hashes);

    /// Compares each twin with the page that it refers to, and makes it an own page if they differ.
    /// Compresses the own pages and packs them. Errors: those of the source; cancellation of
    /// @progress.
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
    std::optional<uint64_t> twin_pfn_;  ///< the page that was compared last
    Bytes room_;
};

}  // namespace guestdump::dump
