// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/ram_region.h"

/// What the kernel knows of memory without touching it. All functions: any thread.

namespace guestdump::vm {

/// Whether the pages of this process's memory at @host + @offset are its own (in memory or swapped
/// out) or were never touched, up to @limit (exclusive, above @offset).
///
/// With @private_only pages of a file that a private mapping has not yet copied count as never
/// touched.
/// @pagemap is /proc/self/pagemap; where it cannot be read, all is populated.
/// [linux Documentation/admin-guide/mm/pagemap.rst]
guest::RamExtent pagemap_extent(int pagemap, const std::byte* host, uint64_t offset, uint64_t limit,
                                bool private_only);

}  // namespace guestdump::vm
