// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/progress.h"
#include "dump/target/sink.h"
#include "guest/page_set.h"

namespace guestdump::dump {

/// Where a bitmap lies in a file, bytes.
struct BitmapPlace {
    uint64_t offset = 0;
    uint64_t size = 0;
};

/// Writes the bitmap in which @pages are set, at @place: bit pfn & 7 of byte pfn >> 3. In pieces of
/// bounded size, because a bitmap grows with the highest address of a guest. [makedumpfile
/// IMPLEMENTATION]
///
/// The PFNs of @pages lie below 8 * @place.size. Errors: those of the sink; cancellation.
Result<> write_bitmap(Sink& sink, const BitmapPlace& place, const guest::PageSet& pages,
                      const Progress& progress);

}  // namespace guestdump::dump
