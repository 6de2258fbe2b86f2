// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "dump/progress.h"
#include "guest/ram_region.h"
#include "guest/range_list.h"

namespace guestdump::vmcore {

/// Largest piece that scan() passes to @visit, bytes.
inline constexpr uint64_t kScanPiece = uint64_t{256} << 10;

/// Returns what is known about [@from, @from + @limit) without reading it, as PageSource::extent().
using ExtentOf = std::function<guest::RamExtent(guest::Gpa from, uint64_t limit)>;

/// Calls @visit once for every page of @ranges of which @extent_of reports a byte as populated.
/// Pieces contain whole pages, end at multiples of kScanPiece and are visited on @threads threads
/// at once. Holes of any size are skipped without visiting them. @progress, unless it is nullptr,
/// counts the bytes of @ranges that were visited or skipped. @slot is below 2 * @threads; no two
/// concurrent calls have the same @slot. @extent_of is called by one thread at a time.
///
/// Errors: those of @visit; if there are several, that of the piece with the lowest address.
util::Result<> scan(const guest::RangeList& ranges, const ExtentOf& extent_of, unsigned threads,
                    dump::Progress* progress,
                    const std::function<util::Result<>(size_t slot, guest::GpaRange piece)>& visit);

}  // namespace guestdump::vmcore
