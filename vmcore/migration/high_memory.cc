// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/high_memory.h"

#include <charconv>
#include <cinttypes>
#include <string_view>

#include "guest/address.h"
#include "util/round.h"
#include "vmcore/migration/cpu_state.h"

namespace guestdump::vmcore {
namespace {

using target_i386::kRamAbove4g;
using target_i386::PcChipset;

/// The first address that is HyperTransport's on AMD hosts. [qemu hw/i386/pc.c, AMD_HT_START]
constexpr uint64_t kHyperTransport = 0xfd00000000;

/// Address space that QEMU keeps for PCI after all memory, unless pci-hole64-size is set. [qemu
/// hw/pci-host/i440fx.c, q35.h]
uint64_t pci_hole(PcChipset chipset) {
    return uint64_t{chipset == PcChipset::q35 ? 32U : 2U} << 30;
}

/// True if @type is of a release in which QEMU does not move memory: 7.0 and older. The machine
/// types of distributions ("pc-q35-rhel8.6.0") have numbers of their own. [qemu hw/i386/pc.c,
/// enforce_amd_1tb_hole]
bool never_moves(std::string_view type) {
    const size_t dash = type.rfind('-');
    if (dash == type.npos) return false;
    const char* const end = type.data() + type.size();
    unsigned major = 0, minor = 0;
    const auto point = std::from_chars(type.data() + dash + 1, end, major);
    if (point.ec != std::errc{} || point.ptr == end || *point.ptr != '.') return false;
    const auto rest = std::from_chars(point.ptr + 1, end, minor);
    const bool whole = rest.ec == std::errc{} && rest.ptr == end;
    return whole && (major < 7 || (major == 7 && minor == 0));
}

bool reaches_hyper_transport(PcChipset chipset, HighMemory memory) {
    constexpr uint64_t kRoom = kHyperTransport - kRamAbove4g, kGiB = uint64_t{1} << 30;
    if (memory.main >= kRoom || memory.dimms >= kRoom) return true;
    const uint64_t memory_end = util::round_up(kRamAbove4g + memory.main + memory.dimms, kGiB);
    return memory_end + pci_hole(chipset) > kHyperTransport;
}

/// What the roots of page tables, which are in memory, say about the place.
struct Signs {
    bool stays = false, moved = false;
};

Signs signs_of(const std::vector<target_i386::Registers>& cpus, HighMemory memory) {
    const guest::GpaRange unmoved{guest::Gpa{kRamAbove4g}, memory.main};
    const guest::GpaRange moved{guest::Gpa{kMovedRam}, memory.main};
    Signs signs;
    for (const target_i386::Registers& cpu : cpus) {
        const guest::Gpa root{cpu.cr3};
        // Between 4 GiB and 1 TiB there is no memory if it was moved: DIMMs lie above it then.
        signs.stays = signs.stays || (unmoved.contains(root) && cpu.cr3 < kMovedRam);
        const bool only_moved = moved.contains(root) && !unmoved.contains(root);
        signs.moved = signs.moved || (only_moved && memory.dimms == 0);
    }
    return signs;
}

}  // namespace

Result<uint64_t> find_high_memory(const ByteSource& source, const MigrationStream& stream,
                                  PcChipset chipset, HighMemory memory) {
    if (memory.main == 0 || never_moves(stream.machine_type) ||
        !reaches_hyper_transport(chipset, memory))
        return kRamAbove4g;
    const auto cpus = TRY(read_cpus(source, stream));
    const Signs signs = signs_of(cpus, memory);
    if (signs.stays != signs.moved) return signs.stays ? kRamAbove4g : kMovedRam;
    return Error::make("'%s': 0x%" PRIx64
                       " bytes of memory are at 4 GiB or, if the host is AMD's, at 1 TiB, and the "
                       "stream does not show which",
                       source.name().c_str(), memory.main);
}

}  // namespace guestdump::vmcore
