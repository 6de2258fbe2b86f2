// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/ram_runs.h"

#include <algorithm>

namespace guestdump::target_i386 {

RamRuns::RamRuns(const guest::GuestPhysBlockList& memory) {
    uint64_t next = 0;  // first address that is not in a run yet; 0 again after the last
    for (const guest::GuestPhysBlock& block : memory.view()) {
        const uint64_t first = block.range.start.value, last = block.range.last();
        if (first > next || (first == 0 && runs_.empty())) {
            if (first > next) runs_.push_back({next, first - 1, false});
            runs_.push_back({first, last, true});
        } else {
            runs_.back().last = last;
        }
        next = last + 1;
    }
    if (runs_.empty() || next != 0) runs_.push_back({next, UINT64_MAX, false});
}

size_t RamRuns::find(guest::Gpa gpa) const {
    const auto found = std::partition_point(runs_.begin(), runs_.end(),
                                            [gpa](const Run& run) { return run.last < gpa.value; });
    return static_cast<size_t>(found - runs_.begin());
}

}  // namespace guestdump::target_i386
