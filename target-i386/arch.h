// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "guest/guest.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// Machine and class of a dump, by QEMU's rules: x86-64 in ELF64 if the first vCPU is in long mode;
/// otherwise i386, in ELF32 unless the (exclusive) end of a block needs more than 32 bits. Firmware
/// that ends at 4 GiB does, so a PC that is not yet in long mode is i386 in ELF64. [qemu
/// target/i386/arch_dump.c]
///
/// phys_base is 0: only the guest's note contains it.
guest::ArchDumpInfo dump_info(const Registers& first_cpu, const guest::GuestPhysBlockList& blocks);

/// A guess of the EFER of a vCPU that was read from a vmcore: the notes do not contain it.
///
/// @machine is the file's e_machine, which depends on the long mode of the *first* vCPU
/// (@is_first). For the other vCPUs, the registers decide if possible: without CR0.PG or CR4.PAE
/// there is no long mode, and CS.L, CR4.PCIDE or an IDT above 4 GiB do not exist outside it. [SDM
/// 3A 2.5, 5.2.1, 10.8.5] If they do not show it (32-bit code with PAE), the vCPU is assumed to be
/// in the same mode as the first. NXE is always set: if it were clear, NX would only be a reserved
/// bit in page tables, and a system that sets NX has set NXE.
uint64_t guess_efer(const Registers& registers, uint16_t machine, bool is_first);

}  // namespace guestdump::target_i386
