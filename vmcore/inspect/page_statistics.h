// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Pages that are stored in the same way.
struct PageKind {
    std::string name;  ///< "zlib", "raw", "zero", "hole"...
    uint64_t pages = 0;
    uint64_t stored = 0;  ///< bytes in the file; shared bytes count once
};

/// Counts the pages of a vmcore by how they are stored. Kinds for kdump: the compressions, "zero"
/// for pages that share the zero page, "copy" for others that share the bytes of an earlier page,
/// and "excluded" for pages that were left out. Kinds for ELF: "data", "hole" and "excluded". Kinds
/// without pages are omitted.
///
/// Reads all page descriptors, but no pages. Errors: failed reads.
Result<std::vector<PageKind>> page_statistics(const Vmcore& vmcore);

}  // namespace guestdump::vmcore
