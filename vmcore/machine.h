// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "format/elf_machine.h"

namespace guestdump::vmcore {

/// The kind of machine whose memory a file contains.
struct Machine {
    uint16_t number = format::kEmX86_64;  ///< e_machine; 0 (EM_NONE) if unknown
    format::ElfClass elf_class = format::ElfClass::k64;
    std::endian order = std::endian::little;

    /// True for machines whose registers and page tables are known.
    bool is_x86() const { return number == format::kEmX86_64 || number == format::kEm386; }

    bool operator==(const Machine&) const = default;
};

/// The machine's name, as `uname -m` prints it; empty if it is unknown.
std::string uname_of(const Machine& machine);

/// For messages: uname_of(), or the number if the name is unknown.
std::string name_of(const Machine& machine);

/// e_machine of a kdump file by its utsname, whose writer need not be the machine itself. 0 if the
/// name is none that is known. @elf_class: of the file's headers.
uint16_t machine_number(const std::string& uname_machine, format::ElfClass elf_class);

/// e_machine by the size of an NT_PRSTATUS descriptor, for kdump files without a name: QEMU writes
/// "Unknown" for most machines. 0 if no machine of this class and byte order has that size.
uint16_t machine_with_prstatus(size_t size, format::ElfClass elf_class, std::endian order);

/// The page size of Linux's usual configuration, for files that do not record one. Bytes.
uint32_t usual_page_size(const Machine& machine);

}  // namespace guestdump::vmcore
