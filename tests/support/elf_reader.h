// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/bytes.h"
#include "util/result.h"

namespace guestdump::support {

struct ElfSegment {
    uint32_t type = 0, flags = 0;
    uint64_t offset = 0, vaddr = 0, paddr = 0, filesz = 0, memsz = 0, align = 0;
};

struct ElfNote {
    std::string name;  ///< without its NUL
    uint32_t type = 0;
    uint64_t offset = 0;  ///< of the header, from the start of the file
    Bytes descriptor;
    Bytes whole;  ///< header, name and descriptor with all padding
};

/// An ELF core file, read by literal offsets. Refers to the bytes it was read from.
struct ElfFile {
    View file;
    int bits = 0;  ///< 32 or 64
    uint16_t type = 0, machine = 0, ehsize = 0, phentsize = 0, shentsize = 0;
    uint16_t e_phnum = 0, e_shnum = 0, e_shstrndx = 0;  ///< as in the header
    uint64_t phoff = 0, shoff = 0;
    std::vector<ElfSegment> segments;  ///< all program headers, even if section 0 has the count
    std::vector<ElfNote> notes;        ///< of every PT_NOTE

    std::vector<ElfSegment> loads() const;  ///< PT_LOAD only
    std::vector<ElfNote> notes_named(const std::string& name) const;

    /// Bytes at a physical address, each from the first PT_LOAD that contains it. Memory of a
    /// PT_LOAD that is not in the file (p_memsz beyond p_filesz) is zero. Empty if a byte is in no
    /// PT_LOAD.
    std::optional<Bytes> physical(uint64_t address, size_t size) const;
    /// As physical(), by virtual address.
    std::optional<Bytes> virtual_at(uint64_t address, size_t size) const;
};

/// Errors: not a little-endian core file; headers or notes outside the file.
util::Result<ElfFile> read_elf(View file);

/// Splits the payload of a PT_NOTE that lies at @offset of @file.
util::Result<std::vector<ElfNote>> read_notes(View file, uint64_t offset, uint64_t size);

}  // namespace guestdump::support
