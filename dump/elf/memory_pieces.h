// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "guest/memory_map.h"
#include "guest/range_list.h"

namespace guestdump::dump {

/// Pieces of memory that one program header each can cover: bytes of one block, followed by bytes
/// that are not in the file because they were left out, or because they are zero. A piece may lack
/// either part. Ascending, disjoint.
using MemoryPieces = std::vector<guest::GpaRange>;

/// The pieces of @blocks, @left_out and @zero, which do not overlap. Without the last two, these
/// are the ranges of the blocks.
MemoryPieces pieces_of(const guest::GuestPhysBlockList& blocks, const guest::RangeList& left_out,
                       const guest::RangeList& zero);

}  // namespace guestdump::dump
