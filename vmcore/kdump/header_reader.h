// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "format/elf.h"
#include "guest/utsname.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// The page frames [start, end) whose pages are in one file of a split set.
struct SplitPages {
    uint64_t start = 0, end = 0;
};

/// Both headers of a kdump-compressed file, of either class and any version. Fields that a version
/// does not have are 0, and so are the offset and size of notes outside the file. All numbers have
/// been checked: areas lie inside the file, in order, and match each other.
struct KdumpHeader {
    format::ElfClass elf_class = format::ElfClass::k64;  ///< of the structures
    std::endian order = std::endian::little;             ///< of the structures
    uint32_t page_size = 4096;                           ///< block_size, bytes
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
    uint64_t erase_info_offset = 0, erase_info_size = 0;  ///< bytes, in the file
    uint64_t bitmap1 = 0, bitmap2 = 0;                    ///< offsets in the file, bytes
    std::optional<SplitPages> split;                      ///< set in a file of a split set
    uint64_t descriptors = 0;                             ///< offset of the page descriptors, bytes
    std::vector<std::string> warnings;                    ///< oddities that do not prevent reading
};

/// True if @source starts like a kdump-compressed file.
bool is_kdump(const ByteSource& source);

/// Headers of either class and byte order, and both forms of the 32-bit sub header.
///
/// Errors: no header is plausible; x86 in a big-endian file; a page size that the machine cannot
/// have; bitmaps that lie outside the file.
Result<KdumpHeader> read_kdump_header(const ByteSource& source);

}  // namespace guestdump::vmcore
