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

class Ram;

/// Kinds of guest-physical memory that a dump or an accelerator distinguishes.
enum class MemoryKind : uint8_t {
    ram,
    rom,           ///< read by the guest, never written; in dumps, as in QEMU's
    device,        ///< memory of a device mapped into the guest (a VFIO BAR); not in dumps
    non_volatile,  ///< keeps its contents without power (an NVDIMM); not in dumps
};

/// A piece of guest-physical memory and the region that holds its bytes.
struct MappedMemory {
    GpaRange range;
    std::shared_ptr<const guest::RamRegion> region;
    uint64_t offset = 0;  ///< offset of range.start in the region, bytes
    std::byte* host =
        nullptr;  ///< address of range.start in this process; nullptr if the region is not mapped
    MemoryKind kind = MemoryKind::ram;
    std::shared_ptr<const Ram> ram{};  ///< the region, if it is memory of this process
};

/// The guest's memory as its vCPUs see it: disjoint pieces in the order of addresses. They may
/// begin and end anywhere in a page.
class AddressSpace {
  public:
    /// Errors: the piece overlaps another, or does not lie inside its region.
    Result<> add(MappedMemory piece);

    std::span<const MappedMemory> view() const { return pieces_; }

    /// The memory that belongs into a dump: RAM and ROM. Pieces that continue each other are
    /// merged.
    guest::GuestPhysBlockList dumpable() const;

    /// Copies @data into guest memory, including ROM, as a loader does. It may cross pieces.
    ///
    /// Main loop, while no vCPU runs. Errors: some byte is in no memory that this process maps;
    /// then nothing is written.
    Result<> load(Gpa to, std::span<const std::byte> data) const;

  private:
    std::vector<MappedMemory> pieces_;
};

}  // namespace guestdump::vm
