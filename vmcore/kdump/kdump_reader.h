// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/contents.h"
#include "vmcore/kdump/kdump_region.h"

namespace guestdump::vmcore {

/// A kdump-compressed file and what only this format has.
struct KdumpFile {
    KdumpHeader header;
    PageBitmap existing;                        ///< bitmap 1: all pages, in the file or left out
    std::shared_ptr<const KdumpRegion> region;  ///< the pages of bitmap 2
    Contents contents;
};

/// Reads a kdump-compressed file: ours, QEMU's, makedumpfile's. Pages of bitmap 1 that are not in
/// bitmap 2 were left out: they are in Contents::left_out and in no block, since nobody can tell
/// what was in them. If zero pages are all that was left out (dump_level 1), they are zero again.
///
/// Errors: as read_kdump_header(); a machine that is not x86; bitmaps, descriptors or notes that
/// make no sense.
Result<KdumpFile> read_kdump(const std::shared_ptr<const ByteSource>& source,
                             OpenOptions options = {});

}  // namespace guestdump::vmcore
