// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vm/machine.h"
#include "vm/memory/address_space.h"
#include "vm/memory/ram.h"
#include "vm/options/options.h"

namespace guestdump::vm {

/// Guest-physical memory of a PC at reset, and the contents of its ROMs.
struct PcMemory {
    AddressSpace memory;
    std::vector<LoadedImage> images;
};

/// RAM up to the PCI hole and from 4 GiB, option ROMs at 0xc0000, @bios at the end of the first MiB
/// and of the first 4 GiB, and video RAM if there is any: the same blocks as those of a reset QEMU
/// 7.2. [by experiment: info mtree]
///
/// @bios has 64 KiB to 16 MiB, in whole pages. Errors: its size is different; the host refuses
/// memory.
Result<PcMemory> pc_memory(MachineType type, std::shared_ptr<Ram> ram,
                           std::span<const std::byte> bios, Vga vga);

}  // namespace guestdump::vm
