// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::vmcore {

/// The ranges that both lists have, in order.
std::vector<guest::GpaRange> common_ranges(const guest::GuestPhysBlockList& a,
                                           const guest::GuestPhysBlockList& b);

/// The ranges that @a has and @b has not, in order.
std::vector<guest::GpaRange> ranges_without(const guest::GuestPhysBlockList& a,
                                            const guest::GuestPhysBlockList& b);

/// Ranges of a list, in order; those of blocks that touch are joined.
std::vector<guest::GpaRange> ranges_of(const guest::GuestPhysBlockList& blocks);

/// Largest piece that scan() hands out, bytes.
inline constexpr uint64_t kScanPiece = uint64_t{256} << 10;

/// Calls @visit for every byte of @ranges once, in pieces that end at multiples of kScanPiece, on
/// @threads threads at once. @slot is below 2 * @threads; no two calls at one time have the same.
///
/// Errors: @visit's; of several, that of the earliest piece.
util::Result<> scan(std::span<const guest::GpaRange> ranges, unsigned threads,
                    const std::function<util::Result<>(size_t slot, guest::GpaRange piece)>& visit);

}  // namespace guestdump::vmcore
