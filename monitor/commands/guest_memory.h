// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "monitor/commands/memory_text.h"
#include "target-i386/registers.h"
#include "vm/machine.h"

namespace guestdump::monitor {

/// The current registers of vCPU @cpu. Errors: there is no such vCPU; those of the accelerator.
util::Result<target_i386::Registers> registers_of(vm::Machine& machine, int64_t cpu);

/// Reads by guest-physical address. The machine must outlive it. Errors: some bytes are neither in
/// RAM nor in ROM.
MemoryReader physical_reader(const vm::Machine& machine);

/// Reads by virtual address, with the registers that vCPU @cpu has now. Each read translates only
/// the pages that it touches.
///
/// Errors: the vCPU's registers cannot be read; when reading, an address that is not mapped.
util::Result<MemoryReader> virtual_reader(vm::Machine& machine, int64_t cpu);

}  // namespace guestdump::monitor
