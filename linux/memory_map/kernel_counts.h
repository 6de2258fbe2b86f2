// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "linux/kernel_memory.h"

namespace guestdump::linux_guest {

/// The kernel's count of free pages in all zones. It may be off by some tens of pages for each
/// processor, because processors keep counts of their own. Empty if VMCOREINFO does not have the
/// addresses of the counters, as without CONFIG_NUMA, or if they cannot be read. [linux
/// include/linux/mmzone.h, vm_stat[NR_FREE_PAGES]]
std::optional<uint64_t> free_pages_by_kernel(const Vmcoreinfo& vmcoreinfo, KernelReader& reader);

/// Checks that the kernel in memory has the release that VMCOREINFO names. VMCOREINFO may be from a
/// kernel that ran before. Errors: the release differs or cannot be read.
Result<> check_release(const Vmcoreinfo& vmcoreinfo, KernelReader& reader);

}  // namespace guestdump::linux_guest
