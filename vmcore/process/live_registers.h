// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/registers.h"
#include "vmcore/process/process_memory.h"

namespace guestdump::vmcore {

/// Reads the registers that KVM left at @address of a process into @out. Does not change
/// kernel_gs_base of @out.
///
/// Errors: the core does not contain them; @out is unchanged then.
Result<> read_live_registers(const ProcessMemory& memory, uint64_t address,
                             target_i386::Registers& out);

}  // namespace guestdump::vmcore
