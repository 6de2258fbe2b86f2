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

/// Makes pages smaller, one at a time and each for itself. One thread.
class Compressor {
  public:
    struct Options {
        Compression compression = Compression::zlib;
        std::optional<int64_t> level{};  ///< empty: the compression's default
        size_t page_size = 4096;         ///< bytes
        /// Some of the pages that are to come, one behind the other, for those that learn from
        /// them. Looked at by create() only.
        std::span<const std::byte> sample{};
    };

    /// Errors: "kdump-lzo is not available now", and the like; a level that the compression does
    /// not have; the library gets no memory.
    static Result<std::unique_ptr<Compressor>> create(const Options& options);

    virtual ~Compressor() = default;

    /// Compresses @page into @out, which has shrink_room() bytes. Gives the size, which is smaller
    /// than the page's, or nothing where it would not be; @out then holds anything.
    virtual std::optional<size_t> shrink(std::span<const std::byte> page,
                                         std::span<std::byte> out) = 0;

    /// Another one for another thread, which gives the same bytes for the same page. Errors: the
    /// library gets no memory.
    virtual Result<std::unique_ptr<Compressor>> clone() const = 0;
};

/// What a compressor may write for a page of @page_size bytes, if only to find that it was too
/// much.
constexpr size_t shrink_room(size_t page_size) {
    return page_size + page_size / 6 + 128;
}

/// Errors as those of Compressor::create(), for a request that is checked before the guest is
/// stopped.
Result<> check_compression(Compression compression, std::optional<int64_t> level);

}  // namespace guestdump::dump
