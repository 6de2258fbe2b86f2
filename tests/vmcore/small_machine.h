// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "tests/support/bytes.h"

/// Vmcores of machines that are not x86, built and read by literal offsets.

namespace guestdump::vmcore {

/// A machine and its NT_PRSTATUS.
struct SmallMachine {
    const char* uname;  ///< as kdump files name it
    uint16_t number;    ///< e_machine
    int bits;
    bool big;              ///< big-endian
    size_t prstatus;       ///< bytes of the descriptor
    size_t pc_at;          ///< offset of the program counter in it
    const char* pc;        ///< its name
    uint32_t page = 4096;  ///< bytes
    bool packed = false;   ///< kdump files with the 32-bit sub header of i386, as QEMU's
};

/// One of each kind.
inline const SmallMachine kSmallMachines[] = {
    {"aarch64", 183, 64, false, 392, 112 + 32 * 8, "pc", 4096},
    {"aarch64", 183, 64, false, 392, 112 + 32 * 8, "pc", 16384},
    {"aarch64", 183, 64, false, 392, 112 + 32 * 8, "pc", 65536},
    {"ppc64le", 21, 64, false, 504, 112 + 32 * 8, "nip", 65536},
    {"ppc64", 21, 64, true, 504, 112 + 32 * 8, "nip", 65536},
    {"s390x", 22, 64, true, 336, 112 + 8, "pswa"},
    {"riscv64", 243, 64, false, 376, 112, "pc"},
    {"armv7l", 40, 32, false, 148, 72 + 15 * 4, "pc"},
    {"armv7b", 40, 32, true, 148, 72 + 15 * 4, "pc"},
    {"ppc", 20, 32, true, 268, 72 + 32 * 4, "nip"},
    {"armv7l", 40, 32, false, 148, 72 + 15 * 4, "pc", 4096, true},
    {"ppc", 20, 32, true, 268, 72 + 32 * 4, "nip", 4096, true},
};

/// A number of @size bytes in the machine's byte order, at offset @at.
void put_number(support::Bytes& file, const SmallMachine& machine, uint64_t at, uint64_t value,
                size_t size);
uint64_t number_at(support::View file, const SmallMachine& machine, uint64_t at, size_t size);

/// NT_PRSTATUS of two vCPUs, each followed by a LINUX note, and VMCOREINFO, which tells the page
/// size. The program counters are 0x1000 and 0x1001.
support::Bytes notes_of(const SmallMachine& machine);

/// 16 pages of noise at 0x40000000 and 16 at 0x80000000. ELF, program headers behind the header.
support::Bytes elf_of(const SmallMachine& machine);

/// Pages 0x4000, 0x4001 (zlib) and 0x4005 (zero) are in the file; 0x4006 and 0x4007 were left out
/// by dump level 31. VMCOREINFO is stored apart from the notes.
support::Bytes kdump_of(const SmallMachine& machine);

/// Contents of one of its pages.
support::Bytes page_of(const SmallMachine& machine, uint64_t seed);

}  // namespace guestdump::vmcore
