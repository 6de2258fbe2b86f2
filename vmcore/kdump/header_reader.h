// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "format/elf.h"
#include "guest/utsname.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Both headers of a kdump-compressed file, of either class and any version; what a version does
/// not have is 0, and so are the offset and size of notes that lie outside of the file. All numbers
/// have been checked: areas lie inside the file, in order, and fit each other.
struct KdumpHeader {
    format::ElfClass elf_class = format::ElfClass::k64;  ///< of the structures
    uint32_t version = 0;                                ///< 0 to 6; newer ones are read as 6
    uint32_t status = 0;                                 ///< kStatus... bits
    guest::Utsname utsname;                              ///< not checked
    uint64_t seconds = 0;                                ///< when the dump was made; 0: not set
    uint32_t cpu_count = 0;                              ///< nr_cpus
    uint64_t max_mapnr = 0;   ///< page frames below this are in the bitmaps
    uint64_t phys_base = 0;   ///< two's complement
    uint32_t dump_level = 0;  ///< bits: kinds of pages that were left out
    uint64_t vmcoreinfo_offset = 0, vmcoreinfo_size = 0;  ///< bytes, in the file
    uint64_t note_offset = 0, note_size = 0;              ///< bytes, in the file
    uint64_t bitmap1 = 0, bitmap2 = 0;                    ///< where they begin, bytes
    uint64_t descriptors = 0;           ///< where the page descriptors begin, bytes
    std::vector<std::string> warnings;  ///< oddities that keep nobody from the memory
};

/// True if @machine, of utsname, is i386 to i686.
bool is_i386_name(const std::string& machine);

/// True where @source begins as a kdump-compressed file does.
bool is_kdump(const ByteSource& source);

/// Errors: neither a 32-bit nor a 64-bit header makes sense; utsname or the byte order are another
/// machine's; a page size that is not x86's; a file
/// of a split set; bitmaps that lead outside of the file.
Result<KdumpHeader> read_kdump_header(const ByteSource& source);

}  // namespace guestdump::vmcore
