// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/arch.h"

namespace guestdump::target_i386 {
namespace {

constexpr uint32_t kSegmentLong = 1u << 21;  ///< CS.L [SDM 3A 5.2.1]

bool fits_elf32(const guest::GuestPhysBlockList& blocks) {
    // The exclusive end must fit as well: that is QEMU's rule, and clients expect it.
    return blocks.empty() || blocks.last().value < UINT32_MAX;
}

bool was_in_long_mode(const Registers& registers, uint16_t machine, bool is_first) {
    const bool of_file = machine == format::kEmX86_64;
    if (is_first) return of_file;
    if (!(registers.cr0 & kCr0Paging) || !(registers.cr4 & kCr4Pae)) return false;
    const bool certain = (registers.cs.flags & kSegmentLong) || (registers.cr4 & kCr4Pcide) ||
                         registers.idt.base > UINT32_MAX;
    return certain || of_file;
}

}  // namespace

guest::ArchDumpInfo dump_info(const Registers& first_cpu, const guest::GuestPhysBlockList& blocks) {
    guest::ArchDumpInfo info;
    if (first_cpu.efer & kEferLongModeActive) return info;
    info.machine = format::kEm386;
    info.elf_class = fits_elf32(blocks) ? format::ElfClass::k32 : format::ElfClass::k64;
    info.uname_machine = "i686";
    return info;
}

uint64_t guess_efer(const Registers& registers, uint16_t machine, bool is_first) {
    const uint64_t long_mode = kEferLongModeEnable | kEferLongModeActive;
    return kEferNoExecute | (was_in_long_mode(registers, machine, is_first) ? long_mode : 0);
}

}  // namespace guestdump::target_i386
