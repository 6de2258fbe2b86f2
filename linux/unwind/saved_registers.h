// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/unwind/position.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Reads the position that an interrupt, an exception or a system call saved in the struct pt_regs
/// at @at. [linux arch/x86/include/asm/ptrace.h] Errors: those of reading.
Result<StackPosition> load_registers(const VirtualMemory& memory, uint64_t at);

/// As load_registers(), but from the five words at @at that the processor itself pushed. The other
/// registers are those of @before. [SDM 3A 6.14.2]
Result<StackPosition> load_interrupt_frame(const VirtualMemory& memory, uint64_t at,
                                           const StackPosition& before);

}  // namespace guestdump::linux_guest
