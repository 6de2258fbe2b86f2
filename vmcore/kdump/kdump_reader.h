// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/contents.h"
#include "vmcore/kdump/kdump_region.h"

namespace guestdump::vmcore {

/// A kdump-compressed file, with what only this format has.
struct KdumpFile {
    KdumpHeader header;
    PageBitmap existing;                        ///< bitmap 1: all pages, in the file or left out
    std::shared_ptr<const KdumpRegion> region;  ///< the pages of bitmap 2
    Contents contents;
};

/// Reads a kdump-compressed file from guestdump, QEMU or makedumpfile. Pages of bitmap 1 that are
/// not in bitmap 2 were left out: they are in Contents::left_out and in no block, because their
/// contents are unknown. If only zero pages were left out (dump_level 1), they read as zeros again.
///
/// Errors: those of read_kdump_header(); implausible bitmaps, descriptors or notes; one file of a
/// split set (see split_set.h).
Result<KdumpFile> read_kdump(const std::shared_ptr<const ByteSource>& source,
                             OpenOptions options = {});

}  // namespace guestdump::vmcore
