// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "dump/progress.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

struct Verification {
    uint64_t bytes = 0;                 ///< of memory that was read or is known to be zero
    uint64_t bad_pages = 0;             ///< pages that could not be read
    std::vector<std::string> problems;  ///< problems of headers first, then the lowest bad pages

    bool good() const { return problems.empty(); }
};

/// Reads all memory of a vmcore except holes, and checks what opening it does not check: every page
/// decompresses, the bitmaps agree, and counts match what is there. Main thread; uses @threads - 1
/// more. @progress, unless it is nullptr, counts bytes of memory.
Verification verify(const Vmcore& vmcore, unsigned threads, dump::Progress* progress = nullptr);

}  // namespace guestdump::vmcore
