// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

struct libdeflate_decompressor;
struct ZSTD_DCtx_s;

namespace vmcore {

/// Turns stored pages into pages, whatever they are compressed with. One thread at a time; what the
/// libraries work with is kept from one page to the next.
class Decompressor {
  public:
    /// Decompresses @stored to exactly @page; @flags are those of the page's descriptor.
    ///
    /// False: not a known compression, or @stored is damaged, or gives fewer or more bytes than
    /// @page has. @page may have been written to.
    bool expand(uint32_t flags, std::span<const std::byte> stored, std::span<std::byte> page);

    /// Whether expand() knows @flags at all; an uncompressed page's are not for it.
    static bool knows(uint32_t flags);

  private:
    struct Free {
        void operator()(libdeflate_decompressor* object) const;
        void operator()(ZSTD_DCtx_s* object) const;
    };
    bool expand_zlib(std::span<const std::byte> stored, std::span<std::byte> page);
    bool expand_zstd(std::span<const std::byte> stored, std::span<std::byte> page);

    std::unique_ptr<libdeflate_decompressor, Free> deflate_;
    std::unique_ptr<ZSTD_DCtx_s, Free> zstd_;
};

}  // namespace vmcore
