// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "target-i386/pc_memory_split.h"
#include "vmcore/migration/stream_reader.h"

namespace guestdump::vmcore {

/// Where main memory above 4 GiB begins in guests of AMD hosts that would reach the addresses of
/// HyperTransport, the last 12 GiB below 1 TiB, otherwise. [qemu hw/i386/pc.c, AMD_ABOVE_1TB_START]
inline constexpr uint64_t kMovedRam = uint64_t{1} << 40;

/// Guest memory above 4 GiB, bytes.
struct HighMemory {
    uint64_t main = 0;   ///< of main memory
    uint64_t dimms = 0;  ///< of RAM blocks that may be DIMMs, which lie above main memory
};

/// The guest-physical address of main memory above 4 GiB: target_i386::kRamAbove4g or kMovedRam.
///
/// The stream does not name the maker of the host's processor. If the answer depends on it, the
/// page tables of the vCPUs show where memory is. Errors: they do not show it; failed reads.
Result<uint64_t> find_high_memory(const ByteSource& source, const MigrationStream& stream,
                                  target_i386::PcChipset chipset, HighMemory memory);

}  // namespace guestdump::vmcore
