// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "guest/address.h"

namespace guestdump::guest {

/// What a vCPU was executing at one moment: enough to begin the walk of its stack.
struct Execution {
    static constexpr size_t kMostRegisters = 17;

    /// General registers by their DWARF numbers. On x86-64, 6 is rbp, 7 rsp and 16 rip. [x86-64
    /// psABI, figure 3.36]
    std::array<uint64_t, kMostRegisters> registers{};
    bool user_mode = false;  ///< not in the kernel, whose stack is empty then
    /// Bases of memory that belongs to this vCPU alone. On x86-64: GS base, and the one that
    /// SWAPGS exchanges it with. Only one is the kernel's.
    std::vector<Gva> areas;
};

}  // namespace guestdump::guest
