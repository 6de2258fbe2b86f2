// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "dump/kdump/kdump_layout.h"
#include "dump/snapshot.h"

namespace guestdump::dump {

/// The flag of pages compressed with @compression, in the main header's status and in page
/// descriptors.
uint32_t compression_flag(Compression compression);

/// Everything before the bitmaps: main header, sub header and notes; layout.bitmap1 bytes.
/// @dump_level: the kinds of pages that are left out. [makedumpfile diskdump_mod.h]
std::vector<std::byte> kdump_header(const Snapshot& snapshot, Compression compression,
                                    uint32_t dump_level, const KdumpLayout& layout);

}  // namespace guestdump::dump
