// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "guest/ram_region.h"
#include "vmcore/range_list.h"

namespace guestdump::vmcore {

/// Largest piece that scan() hands out, bytes.
inline constexpr uint64_t kScanPiece = uint64_t{256} << 10;

/// Returns what is known of [@from, @from + @limit) without reading it, as PageSource::extent().
using ExtentOf = std::function<guest::RamExtent(guest::Gpa from, uint64_t limit)>;

/// Calls @visit once for every byte of @ranges that @extent_of calls populated, in pieces that end
/// at multiples of kScanPiece, on @threads threads at once. Holes are skipped however large they
/// are. @slot is below 2 * @threads; no two calls at one time have the same. @extent_of is called
/// by one thread at a time.
///
/// Errors: @visit's; of several, that of the earliest piece.
util::Result<> scan(const RangeList& ranges, const ExtentOf& extent_of, unsigned threads,
                    const std::function<util::Result<>(size_t slot, guest::GpaRange piece)>& visit);

}  // namespace guestdump::vmcore
