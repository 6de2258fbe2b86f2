// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_runs.h"

#include <algorithm>

namespace guestdump::dump {

std::vector<PfnRun> page_runs(const guest::GuestPhysBlockList& blocks, uint64_t page_size) {
    std::vector<PfnRun> runs;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        const uint64_t first = block.range.start.value / page_size;
        const uint64_t end = block.range.last() / page_size + 1;
        if (!runs.empty() && runs.back().end >= first) {
            runs.back().end = std::max(runs.back().end, end);
        } else {
            runs.push_back({first, end});
        }
    }
    return runs;
}

uint64_t count_pages(std::span<const PfnRun> runs) {
    uint64_t count = 0;
    for (const PfnRun& run : runs) count += run.end - run.first;
    return count;
}

uint64_t nth_page(std::span<const PfnRun> runs, uint64_t index) {
    for (const PfnRun& run : runs) {
        const uint64_t count = run.end - run.first;
        if (index < count) return run.first + index;
        index -= count;
    }
    return runs.back().end - 1;
}

}  // namespace guestdump::dump
