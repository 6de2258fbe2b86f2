// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "dump/progress.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

struct Comparison {
    uint64_t bytes = 0;                    ///< compared, because both files have them
    uint64_t different_pages = 0;          ///< of those, with pages that cannot be read
    std::vector<std::string> differences;  ///< notes, ranges, then the lowest pages that differ

    bool equal() const { return differences.empty(); }
};

/// Compares two vmcores, whatever their formats: notes, machine, memory ranges and memory. Main
/// thread; uses @threads - 1 more. Memory that cannot be read or is missing in either is a
/// difference: it is not known to be equal. @progress, unless it is nullptr, counts bytes of the
/// memory that both have. Errors: a thread cannot be started.
Result<Comparison> compare(const Vmcore& a, const Vmcore& b, unsigned threads,
                           dump::Progress* progress = nullptr);

}  // namespace guestdump::vmcore
