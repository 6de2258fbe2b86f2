// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "dump/snapshot.h"

namespace guestdump::dump {

/// Where everything lies in an ELF vmcore, known before a byte is written. Offsets in bytes.
///
///     Ehdr | Phdr[NOTE] Phdr[LOAD]... | Shdr[0] if PN_XNUM | notes | gap | memory of each block
///
/// The program headers follow the ELF header at once, because makedumpfile looks for them there and
/// nowhere else. A byte of memory lies at the same offset inside a page of the file as in its guest
/// page, so that holes can be page-sized; blocks that touch in the guest touch in the file.
struct ElfLayout {
    format::ElfClass elf_class = format::ElfClass::k64;
    uint32_t header_count = 0;        ///< program headers, PT_NOTE among them
    bool extended_numbering = false;  ///< header_count does not fit e_phnum
    uint64_t program_headers = 0;
    uint64_t section_header = 0;  ///< with extended_numbering
    uint64_t notes = 0;
    std::vector<uint64_t> blocks{};  ///< for each of the snapshot's blocks
    uint64_t size = 0;               ///< of the whole file

    /// Errors: more program headers, or a larger file, than the class can say.
    static Result<ElfLayout> of(const Snapshot& snapshot);
};

}  // namespace guestdump::dump
