// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "guest/guest.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// What x86 decides about a dump, by QEMU's rules: x86-64 in ELF64 when the first vCPU is in long
/// mode; else i386, in ELF32 unless a block's end (exclusive) needs more than 32 bits. Firmware
/// that ends at 4 GiB does, so a PC before long mode is i386 in ELF64. [qemu
/// target/i386/arch_dump.c]
///
/// phys_base is 0: only the guest's note can tell it.
guest::ArchDumpInfo dump_info(const Registers& first_cpu, const guest::GuestPhysBlockList& blocks);

/// EFER of a vCPU that was read from a vmcore, whose notes do not tell it.
///
/// @machine is the file's e_machine, which followed the long mode of the *first* vCPU (@is_first).
/// For another vCPU the registers decide where they can: without CR0.PG or CR4.PAE there is no long
/// mode, and CS.L, CR4.PCIDE or an IDT above 4 GiB do not exist outside it. [SDM
/// 3A 2.5, 5.2.1, 10.8.5] Where they cannot (32-bit code with PAE), vCPUs of one guest are taken to
/// be alike. NXE is always set: its being clear would only make NX a reserved bit in page tables,
/// and who sets NX has set NXE.
uint64_t guess_efer(const Registers& registers, uint16_t machine, bool is_first);

}  // namespace guestdump::target_i386
