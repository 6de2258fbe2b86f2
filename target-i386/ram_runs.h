// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::target_i386 {

/// Finds out whether addresses are memory, whatever backs them. Fast if most addresses are near the
/// previous one. One thread.
class RamRuns {
  public:
    /// Addresses [first, last] are all memory, or all not.
    struct Run {
        uint64_t first = 0, last = 0;
        bool is_ram = false;
        bool contains(uint64_t address) const { return first <= address && address <= last; }
    };

    explicit RamRuns(const guest::GuestPhysBlockList& memory);

    /// The longest run that holds @gpa.
    const Run& at(guest::Gpa gpa) {
        if (!runs_[latest_].contains(gpa.value)) latest_ = find(gpa);
        return runs_[latest_];
    }

  private:
    size_t find(guest::Gpa gpa) const;

    std::vector<Run> runs_;  ///< cover the address space, sorted
    size_t latest_ = 0;      ///< the run of the previous answer
};

}  // namespace guestdump::target_i386
