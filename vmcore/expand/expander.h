// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace guestdump::vmcore {

/// Turns stored pages of one compression into pages. One thread at a time; what the library works
/// with is kept from one page to the next.
class Expander {
  public:
    virtual ~Expander() = default;

    /// Decompresses @stored to exactly @page. False: @stored is damaged, or gives fewer or more
    /// bytes than @page has, or there is no memory to work with. @page may have been written to.
    virtual bool expand(std::span<const std::byte> stored, std::span<std::byte> page) = 0;
};

// One library a file, as in dump/compressors.h; only decompressor.cc asks which of them are built.
std::unique_ptr<Expander> make_libdeflate_expander();
/// What a build without libdeflate has.
std::unique_ptr<Expander> make_zlib_expander();
std::unique_ptr<Expander> make_lzo_expander();
std::unique_ptr<Expander> make_snappy_expander();
std::unique_ptr<Expander> make_zstd_expander();

}  // namespace guestdump::vmcore
