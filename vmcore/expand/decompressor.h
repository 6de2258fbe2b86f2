// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {

/// Turns stored pages into pages, whatever they are compressed with. One thread at a time; what the
/// libraries work with is kept from one page to the next.
class Decompressor {
  public:
    /// Decompresses @stored to exactly @page; @flags are those of the page's descriptor.
    ///
    /// False: not a compression that this build knows, or @stored is damaged, or gives fewer or
    /// more bytes than @page has. @page may have been written to.
    bool expand(uint32_t flags, std::span<const std::byte> stored, std::span<std::byte> page);

    /// The name of the compression that @flags mean; nullptr where they mean none. An uncompressed
    /// page's are not for it.
    static const char* name(uint32_t flags);

    /// Whether this build has a library for what @flags mean.
    static bool has(uint32_t flags);

  private:
    static constexpr size_t kKinds = 4;
    std::array<std::unique_ptr<Expander>, kKinds> expanders_{};
};

}  // namespace guestdump::vmcore
