// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "linux/state/kernel_state.h"

namespace guestdump::linux_guest {

/// Reads the kernel's own counts of its pages. As in /proc/meminfo, counts that are still kept by
/// single CPUs are not included. A class that this kernel does not count is left out.
std::vector<MemoryClass> read_memory_use(const VirtualMemory& memory, const SymbolTable& symbols,
                                         const Btf& types);

}  // namespace guestdump::linux_guest
