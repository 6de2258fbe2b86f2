// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "monitor/commands/memory_text.h"
#include "target-i386/registers.h"
#include "vm/machine.h"

namespace guestdump::monitor {

/// Of a vCPU, as they are now. Errors: there is no vCPU of that number; the accelerator's.
util::Result<target_i386::Registers> registers_of(vm::Machine& machine, int64_t cpu);

/// Reads by guest-physical address. The machine must outlive it. Errors: some bytes are in no RAM
/// or ROM.
MemoryReader physical_reader(const vm::Machine& machine);

/// Reads by virtual address, as vCPU @cpu sees memory now. Its page tables are walked here, once.
///
/// Errors: the vCPU's registers or tables cannot be read; in reading, an address that is not
/// mapped.
util::Result<MemoryReader> virtual_reader(vm::Machine& machine, int64_t cpu);

}  // namespace guestdump::monitor
