// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "guest/ram_region.h"

/// What the kernel knows about memory without touching it. All functions: any thread.

namespace guestdump::guest {

/// Finds how far the memory from @host + @offset is either all populated (its pages belong to the
/// process, in memory or swapped out) or all untouched. The search ends at @limit, which is
/// exclusive and above @offset.
///
/// With @private_only, pages of a file that a private mapping has not copied yet count as
/// untouched. @pagemap is /proc/PID/pagemap of the process in which @host is an address; if it
/// cannot be read, all memory counts as populated. [linux Documentation/admin-guide/mm/pagemap.rst]
RamExtent pagemap_extent(int pagemap, const std::byte* host, uint64_t offset, uint64_t limit,
                         bool private_only);

}  // namespace guestdump::guest
