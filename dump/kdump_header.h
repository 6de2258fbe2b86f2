// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "dump/guest_utsname.h"
#include "dump/kdump_layout.h"
#include "dump/snapshot.h"

namespace dump {

/// The bits by which pages of @compression are known: in the main header's status and in page
/// descriptors.
uint32_t compression_flag(Compression compression);

/// Everything in front of the bitmaps: main header, sub header and notes, layout.bitmap1 bytes.
/// [makedumpfile diskdump_mod.h]
std::vector<std::byte> kdump_header(const Snapshot& snapshot, const Utsname& name,
                                    Compression compression, const KdumpLayout& layout);

}  // namespace dump
