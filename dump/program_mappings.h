// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "dump/guest.h"
#include "dump/memory_map.h"

/// Which mappings become program headers of an ELF vmcore. Main loop, while the guest is paused.

namespace dump {

/// paging=false: each block at virtual address 0, which the writer turns into its physical one.
std::vector<MemoryMapping> simple_mappings(const GuestPhysBlockList& blocks);

/// paging=true: what the page tables of @cpus map onto @dumped, sorted by virtual address and split
/// at block borders, so that every mapping lies in one block. Tables are read from @all.
///
/// vCPUs with the same paging root are walked once; those without paging add nothing as long as
/// another has it, and with paging nowhere this is simple_mappings(). Errors: MemoryMappingList's
/// cap.
Result<std::vector<MemoryMapping>> paging_mappings(const std::vector<const Cpu*>& cpus,
                                                   const GuestPhysBlockList& all,
                                                   const GuestPhysBlockList& dumped);

}  // namespace dump
