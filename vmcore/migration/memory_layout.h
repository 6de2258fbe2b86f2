// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guest/address.h"
#include "vmcore/migration/stream_reader.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// A part of a RAM block and its guest-physical addresses.
struct PlacedMemory {
    guest::GpaRange range;
    size_t block = 0;     ///< index in MigrationStream::blocks
    uint64_t offset = 0;  ///< of range.start in the block, bytes
};

struct MemoryLayout {
    std::vector<PlacedMemory> memory;  ///< disjoint; in no order
    std::vector<std::string> warnings;
    /// RAM blocks that belong to the guest's memory but whose address is not known.
    std::vector<std::string> unplaced;
};

/// Places the RAM blocks of a PC as QEMU did, so that the result is the memory that its
/// dump-guest-memory writes. The addresses come from the rules of the machine type, the CMOS, the
/// configuration spaces of host bridge and PCI devices, and @known.
///
/// A stream that was cut off lacks the devices: the rules of the machine type alone are used then.
/// Errors: a machine type that is not a PC; main memory, or its place above 4 GiB, is not found;
/// failed reads.
Result<MemoryLayout> place_memory(const ByteSource& source, const MigrationStream& stream,
                                  const RamAddresses& known);

}  // namespace guestdump::vmcore
