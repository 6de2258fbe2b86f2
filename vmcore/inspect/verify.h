// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

struct Verification {
    uint64_t bytes = 0;      ///< of memory that were read, or are known to be zero
    uint64_t bad_pages = 0;  ///< that could not be
    std::vector<std::string>
        problems;  ///< first what is wrong with headers, then the lowest bad pages

    bool good() const { return problems.empty(); }
};

/// Reads all of a vmcore's memory but holes, and checks what opening it does not: that every page
/// decompresses, that bitmaps agree, that counts are those of what is there. Main thread and
/// @threads - 1 more.
Verification verify(const Vmcore& vmcore, unsigned threads);

}  // namespace guestdump::vmcore
