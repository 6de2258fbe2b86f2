// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/pc_memory_split.h"

namespace guestdump::target_i386 {
namespace {

/// RAM of up to (not including) @most bytes lies below the hole in one piece. More RAM is cut at
/// @cut, a whole GiB, so that both parts can be mapped by large pages. [by experiment: info mtree]
struct Hole {
    uint64_t most, cut;
};

Hole hole_of(PcChipset chipset) {
    if (chipset == PcChipset::q35) return {.most = 0xb0000000, .cut = 0x80000000};
    return {.most = 0xe0000000, .cut = 0xc0000000};
}

}  // namespace

PcMemorySplit split_pc_memory(PcChipset chipset, uint64_t ram_bytes) {
    const Hole hole = hole_of(chipset);
    if (ram_bytes < hole.most) return {.below = ram_bytes, .above = 0};
    return {.below = hole.cut, .above = ram_bytes - hole.cut};
}

}  // namespace guestdump::target_i386
