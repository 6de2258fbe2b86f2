// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "tests/support/bytes.h"

/// Small vmcores for tests of the readers, built by literal offsets.

namespace guestdump::vmcore {

using support::Bytes;

/// A little-endian number of @size bytes to store at offset @at, and the error that the reader then
/// returns.
struct Patch {
    uint64_t at;
    size_t size;
    uint64_t value;
    const char* error;
};

/// A note with its header, padded to 4 bytes.
Bytes note(std::string_view name, uint32_t type, support::View descriptor);

/// A QEMU note's descriptor of 440 bytes; the vCPU's RIP is @rip.
Bytes qemu_descriptor(uint64_t rip);

/// NT_PRSTATUS and QEMU notes of one vCPU whose RIP is 0xffffffff81000000, and VMCOREINFO.
Bytes some_notes();

struct SmallLoad {
    uint64_t paddr = 0, vaddr = 0;
    Bytes contents;
    uint64_t memsz = 0;  ///< 0: the size of the contents
    int same_bytes_as =
        -1;  ///< number of the load whose bytes in the file, from the start, this one maps too
};

struct SmallElf {
    int bits = 64;
    uint16_t machine = 62;
    std::vector<SmallLoad> loads{};
    Bytes notes = some_notes();
    uint64_t gap = 0;  ///< bytes between file header and program headers, as in QEMU's files
    uint16_t stated_header_size = 8;  ///< e_ehsize, wrong as in QEMU's files
    bool count_in_section =
        false;  ///< e_phnum is 0xffff and section 0, after everything, has the count

    /// File header, gap, program headers (PT_NOTE first), notes, memory.
    Bytes file() const;
    uint64_t program_headers() const { return (bits == 64 ? 64 : 52) + gap; }
};

struct SmallPage {
    uint64_t pfn = 0;
    uint32_t flags = 0;  ///< its compression; 0: none
    Bytes contents;      ///< empty: the shared zero page
};

struct SmallKdump {
    int bits = 64;
    uint32_t version = 6;
    std::vector<SmallPage> pages{};    ///< in order
    std::vector<uint64_t> excluded{};  ///< page frames that are only in bitmap 1
    uint64_t max_mapnr = 64;
    uint32_t dump_level = 0, status = 0;
    std::string machine = "x86_64";
    Bytes notes = some_notes();
    std::string vmcoreinfo{};  ///< stored apart from the notes

    /// Main header, sub header, notes, VMCOREINFO, bitmaps, descriptors, zero page, pages. One
    /// block each for sub header with notes, for bitmap 1 and for bitmap 2.
    Bytes file() const;

    // Offsets in the file.
    static constexpr uint64_t kSub = 4096, kBitmap1 = 8192, kBitmap2 = 12288, kDescriptors = 16384;
    uint64_t data() const { return kDescriptors + 24 * pages.size(); }
};

/// @image as a flattened file with records of @record_size bytes.
Bytes flattened(support::View image, size_t record_size);

/// Its parts: the header, a record, the end record.
void put_flat_header(Bytes& file);
void put_flat_record(Bytes& file, uint64_t offset, support::View data);
void put_flat_end(Bytes& file);

/// @page in the form in which pages with these @flags are stored.
Bytes compressed(uint32_t flags, support::View page);

/// A page of text that compresses; different for each @seed.
Bytes text_page(uint64_t seed);

}  // namespace guestdump::vmcore
