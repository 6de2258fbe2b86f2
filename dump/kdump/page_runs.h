// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::dump {

/// Page frames [first, end): never empty.
struct PfnRun {
    uint64_t first = 0;
    uint64_t end = 0;

    bool operator==(const PfnRun&) const = default;
};

/// The pages of @page_size bytes, a power of two, that @blocks touch, if only with one byte:
/// ascending and apart. A page that two blocks share is there once.
std::vector<PfnRun> page_runs(const guest::GuestPhysBlockList& blocks, uint64_t page_size);

uint64_t count_pages(std::span<const PfnRun> runs);

/// Page frame number @index, below count_pages(), of all those in @runs.
uint64_t nth_page(std::span<const PfnRun> runs, uint64_t index);

}  // namespace guestdump::dump
