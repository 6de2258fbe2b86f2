// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "guest/memory_map.h"

namespace guestdump::vm {

using guest::Gpa;
using guest::GpaRange;

/// What guest-physical memory is, as far as a dump or an accelerator cares.
enum class MemoryKind : uint8_t {
    ram,
    rom,           ///< read by the guest, never written; in dumps, as under QEMU
    device,        ///< a device's memory mapped into the guest (a VFIO BAR); not in dumps
    non_volatile,  ///< keeps its contents by itself (an NVDIMM); not in dumps
};

/// A piece of guest-physical memory and what backs it.
struct MappedMemory {
    GpaRange range;
    std::shared_ptr<const guest::RamRegion> region;
    uint64_t offset = 0;  ///< of range.start in the region, bytes
    std::byte* host =
        nullptr;  ///< of range.start in this process; nullptr where the region is not mapped
    MemoryKind kind = MemoryKind::ram;
};

/// The guest's memory as its vCPUs see it: disjoint pieces in the order of addresses. Pieces need
/// not begin or end on a page.
class AddressSpace {
  public:
    /// Errors: the piece overlaps another, or does not lie inside its region.
    Result<> add(MappedMemory piece);

    std::span<const MappedMemory> view() const { return pieces_; }

    /// What belongs into a dump: RAM and ROM, with pieces that continue each other merged.
    guest::GuestPhysBlockList dumpable() const;

    /// Copies @data into guest memory, ROM included, as a loader does; it may cross pieces.
    ///
    /// Main loop, while no vCPU runs. Errors: a byte has no memory that this process maps; nothing
    /// is written then.
    Result<> load(Gpa to, std::span<const std::byte> data) const;

  private:
    std::vector<MappedMemory> pieces_;
};

}  // namespace guestdump::vm
