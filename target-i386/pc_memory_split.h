// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guestdump::target_i386 {

/// The PCs whose memory layout differs.
enum class PcChipset : uint8_t {
    i440fx,  ///< machine type `pc`
    q35,
};

/// Guest-physical address at which the RAM that does not fit below 4 GiB begins.
inline constexpr uint64_t kRamAbove4g = uint64_t{1} << 32;

/// How the RAM of a PC is laid out: the first @below bytes begin at 0 and end at the PCI hole; the
/// @above bytes after them begin at kRamAbove4g.
struct PcMemorySplit {
    uint64_t below = 0, above = 0;
};

/// The layout that QEMU 7.2 gives to @ram_bytes of RAM. Any thread.
PcMemorySplit split_pc_memory(PcChipset chipset, uint64_t ram_bytes);

}  // namespace guestdump::target_i386
