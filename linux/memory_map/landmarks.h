// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/memory_map/protected_pages.h"
#include "linux/page_filter.h"

namespace guestdump::linux_guest {

/// Collects the pages that are needed to understand the guest's kernel, and that are therefore
/// never left out:
///
///  * the memory map, the tables that lead to it, and the page tables that map them;
///  * the code, stacks and page tables of the vCPUs;
///  * what the symbols of VMCOREINFO refer to, and the log;
///  * the first MiB, which has the data that firmware passed to the kernel.
///
/// The guest wrote the pointers to them. So the time is bounded by the number of pages of @memory,
/// and all sizes are bounded. Errors: cancellation; the host has no memory to give.
Result<ProtectedPages> landmarks(const PageFilterInput& input, const KernelMemory& kernel,
                                 const SectionTable& sections, uint32_t struct_size,
                                 const guest::PageSet& memory);

}  // namespace guestdump::linux_guest
