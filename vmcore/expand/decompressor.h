// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {

/// Decompresses stored pages, whatever their compression. May be used by one thread at a time; the
/// libraries' working memory is kept from one page to the next.
class Decompressor {
  public:
    /// Decompresses @stored to exactly @page; @flags are those of the page's descriptor.
    ///
    /// Returns false if this build does not know the compression, or if @stored is damaged or does
    /// not decompress to exactly the size of @page. @page may have been written to then.
    bool expand(uint32_t flags, std::span<const std::byte> stored, std::span<std::byte> page);

    /// Returns the name of the compression that @flags indicate; nullptr if they indicate none, as
    /// for an uncompressed page, or an unknown one.
    static const char* name(uint32_t flags);

    /// True if this build has a library for the compression that @flags indicate.
    static bool has(uint32_t flags);

  private:
    static constexpr size_t kKinds = 4;
    std::array<std::unique_ptr<Expander>, kKinds> expanders_{};
};

}  // namespace guestdump::vmcore
