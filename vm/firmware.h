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

/// Patches @image, a copy of firmware_image(), so that every vCPU jumps to guest-physical @entry.
/// At @entry the registers are as in entry_registers(), except RAX, RDX and bits that depend on the
/// vCPU's CPUID.
void set_entry(std::span<std::byte> image, uint32_t entry);

/// The state in which the firmware starts a loaded program at guest-physical @entry: 32-bit
/// protected mode, all segments flat (base 0, 4 GiB), paging, interrupts and the direction flag
/// off, no stack. A vCPU that starts with these registers needs no firmware.
target_i386::Registers entry_registers(uint32_t entry);

}  // namespace guestdump::vm
