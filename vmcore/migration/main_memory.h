// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "target-i386/pc_memory_split.h"
#include "vmcore/migration/stream_reader.h"

namespace guestdump::vmcore {

/// The main memory of a PC: everything that -m gave it.
struct MainMemory {
    target_i386::PcChipset chipset = target_i386::PcChipset::i440fx;
    std::vector<size_t> blocks;  ///< indices in MigrationStream::blocks, in the order of addresses
    uint64_t below_4g = 0;       ///< bytes from address 0 on
    uint64_t above_4g = 0;       ///< bytes from above_start on
    uint64_t above_start = target_i386::kRamAbove4g;
    std::vector<std::string> warnings;
};

/// Finds the RAM blocks of main memory in @stream, and how it is split around 4 GiB: by the CMOS,
/// where the machine recorded that for its firmware, or else by the rules of the machine type.
///
/// Errors: the machine type is not a PC; no block or blocks have the size of main memory; failed
/// reads.
Result<MainMemory> find_main_memory(const ByteSource& source, const MigrationStream& stream);

}  // namespace guestdump::vmcore
