// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace guestdump::vmcore {

/// Decompresses stored pages of one compression. May be used by one thread at a time; the library's
/// working memory is kept from one page to the next.
class Expander {
  public:
    virtual ~Expander() = default;

    /// Decompresses @stored to exactly @page. Returns false if @stored is damaged, if it does not
    /// decompress to exactly the size of @page, or if there is no working memory. @page may have
    /// been written to then.
    virtual bool expand(std::span<const std::byte> stored, std::span<std::byte> page) = 0;
};

// One library per file, as in dump/compress/compressors.h; only decompressor.cc checks which ones
// are built.
std::unique_ptr<Expander> make_libdeflate_expander();
/// Used by builds without libdeflate.
std::unique_ptr<Expander> make_zlib_expander();
std::unique_ptr<Expander> make_lzo_expander();
std::unique_ptr<Expander> make_snappy_expander();
std::unique_ptr<Expander> make_zstd_expander();

}  // namespace guestdump::vmcore
