// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Pages that are kept in one way.
struct PageKind {
    std::string name;  ///< "zlib", "raw", "zero", "hole"...
    uint64_t pages = 0;
    uint64_t stored = 0;  ///< bytes that they take in the file; those of shared copies once
};

/// How a vmcore's pages are kept, by kind: for kdump by compression, with "zero" for those that
/// share the zero page, "copy" for others that share the bytes of a page before them, and
/// "excluded" for what was left out; for ELF "data", "hole" and "excluded". Kinds without pages are
/// left out.
///
/// Reads all page descriptors, no pages. Errors: reading.
Result<std::vector<PageKind>> page_statistics(const Vmcore& vmcore);

}  // namespace guestdump::vmcore
