// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "target-i386/registers.h"

namespace guestdump::vm {

/// The machine's own firmware: 256 KiB of ROM that end at 4 GiB. Without set_entry() every vCPU
/// that comes out of reset executes HLT for ever.
std::span<const std::byte> firmware_image();

/// Makes @image, a copy of firmware_image(), send every vCPU to guest-physical @entry, in the
/// state of entry_registers() but for RAX, RDX and what the vCPU's CPUID decides.
void set_entry(std::span<std::byte> image, uint32_t entry);

/// The state in which the firmware starts what was loaded, at guest-physical @entry: 32-bit
/// protected mode, all segments flat (base 0, 4 GiB), paging, interrupts and the direction flag
/// off, no stack. A vCPU that starts with these registers needs no firmware to run.
target_i386::Registers entry_registers(uint32_t entry);

}  // namespace guestdump::vm
