// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/progress.h"
#include "dump/target/sink.h"
#include "guest/page_set.h"

namespace guestdump::dump {

/// Place of a bitmap in a file, in bytes.
struct BitmapPlace {
    uint64_t offset = 0;
    uint64_t size = 0;
};

/// Writes the bitmap of @pages at @place: a page is bit pfn & 7 of byte pfn >> 3. Writes pieces of
/// bounded size, because a bitmap grows with the highest address of a guest. [makedumpfile
/// IMPLEMENTATION]
///
/// Pieces without pages are not written if the sink's gaps are free.
///
/// All page frame numbers in @pages are below 8 * @place.size. Errors: those of the sink;
/// cancellation.
Result<> write_bitmap(Sink& sink, const BitmapPlace& place, const guest::PageSet& pages,
                      const Progress& progress);

/// Returns how many of the @size bytes of the bitmap of @pages such a sink does not get.
uint64_t unwritten_bytes(uint64_t size, const guest::PageSet& pages);

}  // namespace guestdump::dump
