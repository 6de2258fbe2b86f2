// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/unwind/orc_table.h"
#include "linux/unwind/position.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Computes the caller's position from @position and its ORC entry @entry. Empty if @position is
/// the outermost frame. [linux arch/x86/kernel/unwind_orc.c] Errors: the entry does not describe
/// the stack; a register that it needs is not known; a word of the stack cannot be read.
Result<std::optional<StackPosition>> orc_step(const VirtualMemory& memory, const OrcEntry& entry,
                                              const StackPosition& position);

}  // namespace guestdump::linux_guest
