// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/architecture.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// What @registers lead to in a 64-bit kernel: the instruction and the stack in kernel mode, GDT,
/// IDT, TSS and GS base, and the stacks that the TSS names. The TSS is read by the kernel's
/// @tables; one that is not mapped names no stacks. Any thread. [SDM 3A 7.2.1, 7.7]
guest::KernelPointers kernel_pointers(const Registers& registers, const guest::PageTables& tables,
                                      const guest::PageSource& memory);

/// Architecture::walk(). Any thread.
guest::PageWalk walk_tables(const guest::PageTables& tables, guest::Gva address,
                            const guest::PageSource& memory);

}  // namespace guestdump::target_i386
