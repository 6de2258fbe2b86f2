// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dump/request.h"
#include "util/result.h"

namespace guestdump::dump {

/// Compresses pages, each independently of the others. One thread.
class Compressor {
  public:
    struct Options {
        Compression compression = Compression::zlib;
        std::optional<int64_t> level{};  ///< empty: the compression's default
        size_t page_size = 4096;         ///< bytes
        /// Some of the pages to be compressed, one after the other, for compressors that learn from
        /// them. Used only by create().
        std::span<const std::byte> sample{};
    };

    /// Errors: "kdump-lzo is not available now", and the like; a level that the compression does
    /// not support; out of memory.
    static Result<std::unique_ptr<Compressor>> create(const Options& options);

    virtual ~Compressor() = default;

    /// Compresses @page into @out, which has shrink_room() bytes. Returns the size, or nothing if
    /// it would not be smaller than the page's; the contents of @out are then undefined.
    virtual std::optional<size_t> shrink(std::span<const std::byte> page,
                                         std::span<std::byte> out) = 0;

    /// Makes a compressor for another thread. It returns the same bytes for the same page. Errors:
    /// out of memory.
    virtual Result<std::unique_ptr<Compressor>> clone() const = 0;
};

/// Bytes that a compressor may write for a page of @page_size bytes, even if the result turns out
/// to be too large.
constexpr size_t shrink_room(size_t page_size) {
    return page_size + page_size / 6 + 128;
}

/// Fails as Compressor::create() would, so that a request can be checked before the guest is
/// stopped.
Result<> check_compression(Compression compression, std::optional<int64_t> level);

}  // namespace guestdump::dump
