// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_layout.h"

#include "format/kdump.h"

namespace guestdump::dump {
namespace {

constexpr uint64_t kBitsPerByte = 8;

// Machines of 32 bits only. [gabi e_machine]
constexpr uint16_t kEmPpc = 20, kEmArm = 40;

uint64_t blocks_for(uint64_t bytes, uint64_t block) {
    return bytes / block + (bytes % block != 0);
}

uint64_t sub_header_size(const KdumpLayout::Input& input) {
    if (input.elf_class == format::ElfClass::k64) return sizeof(format::Kdump64::SubHeader);
    return input.padded ? sizeof(format::PaddedKdump32::SubHeader)
                        : sizeof(format::Kdump32::SubHeader);
}

}  // namespace

KdumpLayout::Input KdumpLayout::Input::of(const guest::ArchDumpInfo& arch) {
    Input input{.elf_class = arch.elf_class, .order = arch.byte_order};
    // Their ELF files become 64-bit ones if memory reaches beyond 4 GiB. Page frame numbers do not
    // need that, and their readers know 32-bit headers only.
    if (arch.machine == kEmArm || arch.machine == kEmPpc) input.elf_class = format::ElfClass::k32;
    input.padded = input.elf_class == format::ElfClass::k32 && arch.machine != format::kEm386;
    input.page_size = arch.page_size;
    return input;
}

Result<KdumpLayout> KdumpLayout::of(const Input& input) {
    const uint64_t block = input.page_size;
    const uint64_t header_size = sub_header_size(input);
    // size_note has 32 bits in the 32-bit class. In both classes, no guest comes near the limit.
    if (input.note_size > UINT32_MAX - header_size - block) {
        return Error::make("%" PRIu64 " bytes of notes do not fit a kdump header", input.note_size);
    }
    const uint64_t bitmap_blocks = blocks_for(blocks_for(input.max_mapnr, kBitsPerByte), block);
    if (bitmap_blocks > UINT32_MAX / 2) {
        return Error::make("page frame 0x%" PRIx64 " is too high for the bitmaps of kdump",
                           input.max_mapnr - 1);
    }
    KdumpLayout layout;
    layout.elf_class = input.elf_class;
    layout.order = input.order;
    layout.padded = input.padded;
    layout.page_size = block;
    layout.max_mapnr = input.max_mapnr;
    layout.page_count = input.page_count;
    layout.sub_header = block;
    layout.sub_header_blocks =
        static_cast<uint32_t>(blocks_for(header_size + input.note_size, block));
    layout.notes = layout.sub_header + header_size;
    layout.note_size = input.note_size;
    layout.bitmap1 = layout.sub_header + layout.sub_header_blocks * block;
    layout.bitmap2 = layout.bitmap1 + bitmap_blocks * block;
    layout.bitmap_blocks = static_cast<uint32_t>(2 * bitmap_blocks);
    layout.descriptors = layout.bitmap2 + bitmap_blocks * block;
    layout.pages = layout.descriptors + layout.page_count * sizeof(format::PageDesc);
    return layout;
}

}  // namespace guestdump::dump
