// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstdint>

#include "format/elf.h"
#include "guest/architecture.h"

namespace guestdump::dump {

/// The offset of each part of a kdump-compressed file: bytes from its start, unless another unit is
/// given. The main header is at 0; each part ends where the next begins. [makedumpfile
/// IMPLEMENTATION]
struct KdumpLayout {
    struct Input {
        format::ElfClass elf_class = format::ElfClass::k64;
        std::endian order = std::endian::little;
        bool padded = false;        ///< the 32-bit sub header that is not i386's
        uint64_t page_size = 4096;  ///< also the unit of "blocks"
        uint64_t max_mapnr = 0;  ///< one more than the last page frame number of the guest's memory
        uint64_t page_count = 0;  ///< pages in the dump
        uint64_t note_size = 0;   ///< bytes

        /// What the architecture decides; the rest must be filled in.
        static Input of(const guest::ArchDumpInfo& arch);
    };

    format::ElfClass elf_class = format::ElfClass::k64;
    std::endian order = std::endian::little;
    bool padded = false;

    uint64_t page_size = 0;
    uint64_t max_mapnr = 0;
    uint64_t page_count = 0;
    uint64_t sub_header = 0;
    uint32_t sub_header_blocks = 0;  ///< sub header and notes
    uint64_t notes = 0;
    uint64_t note_size = 0;
    uint64_t bitmap1 = 0;
    uint64_t bitmap2 = 0;
    uint32_t bitmap_blocks = 0;  ///< both bitmaps together
    uint64_t descriptors = 0;
    uint64_t pages = 0;  ///< page data

    uint64_t bitmap_size() const { return bitmap2 - bitmap1; }

    /// Errors: a count does not fit its field.
    static Result<KdumpLayout> of(const Input& input);
};

}  // namespace guestdump::dump
