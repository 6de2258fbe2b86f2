// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

struct Comparison {
    uint64_t bytes = 0;                    ///< that both have, and that were compared
    uint64_t different_pages = 0;          ///< of those
    std::vector<std::string> differences;  ///< notes, ranges, then the lowest different pages

    bool equal() const { return differences.empty(); }
};

/// Says what differs between two vmcores of whatever formats: notes, machine, memory ranges,
/// memory. Main thread and @threads - 1 more. Errors: memory of either that cannot be read.
Result<Comparison> compare(const Vmcore& a, const Vmcore& b, unsigned threads);

}  // namespace guestdump::vmcore
