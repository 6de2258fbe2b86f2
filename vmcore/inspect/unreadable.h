// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "dump/progress.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Memory that a vmcore has and that cannot be read.
struct Unreadable {
    RangeList ranges;                ///< whole pages, or what a block has of them
    uint64_t pages = 0;              ///< number of pages in @ranges
    std::vector<std::string> texts;  ///< the errors of the lowest pages
};

/// Reads all memory of @vmcore except holes. Main thread; uses @threads - 1 more. @progress, unless
/// it is nullptr, counts bytes of memory. Errors: a thread cannot be started.
Result<Unreadable> find_unreadable(const Vmcore& vmcore, unsigned threads,
                                   dump::Progress* progress = nullptr);

}  // namespace guestdump::vmcore
