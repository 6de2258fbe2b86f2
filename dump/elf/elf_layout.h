// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "dump/snapshot.h"

namespace guestdump::dump {

/// The offset of each part of an ELF vmcore, in bytes, known before a byte is written.
///
///     Ehdr | Phdr[NOTE] Phdr[LOAD]... | Shdr[0] if PN_XNUM | notes | gap | memory of each block
/// The program headers directly follow the ELF header, because makedumpfile looks for them only
/// there. A byte of memory has the same offset in a page of the file as in its guest page, so that
/// holes can be page-sized. Blocks that are adjacent in the guest are adjacent in the file.
///
/// If memory is left out, offsets are 64 bytes further on: makedumpfile 1.7.2 maps page-aligned
/// files, believes that p_memsz bytes of a segment are in the file, and crashes behind its end.
/// Files that are not aligned it reads.
struct ElfLayout {
    format::ElfClass elf_class = format::ElfClass::k64;
    uint32_t header_count = 0;        ///< program headers, including PT_NOTE
    bool extended_numbering = false;  ///< header_count does not fit e_phnum
    uint64_t program_headers = 0;
    uint64_t section_header = 0;  ///< only with extended_numbering
    uint64_t notes = 0;
    std::vector<uint64_t> blocks{};  ///< offset of each of the snapshot's blocks
    uint64_t size = 0;               ///< of the whole file

    /// Errors: more program headers, or a larger file, than the class allows.
    static Result<ElfLayout> of(const Snapshot& snapshot);
};

}  // namespace guestdump::dump
