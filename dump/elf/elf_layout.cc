// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/elf_layout.h"

#include "format/elf.h"

namespace guestdump::dump {
namespace {

/// The lowest offset, at least @offset, that is congruent to @address modulo @page.
uint64_t align_like(uint64_t offset, uint64_t address, uint64_t page) {
    return offset + ((address - offset) & (page - 1));
}

/// Keeps makedumpfile from mapping a file.
constexpr uint64_t kShift = 64;

template <format::ElfClass C>
void place_headers(ElfLayout& layout) {
    using Elf = format::Elf<C>;
    layout.program_headers = sizeof(typename Elf::Ehdr);
    layout.section_header =
        layout.program_headers + uint64_t{layout.header_count} * sizeof(typename Elf::Phdr);
    layout.notes = layout.section_header;
    if (layout.extended_numbering) layout.notes += sizeof(typename Elf::Shdr);
}

}  // namespace

Result<ElfLayout> ElfLayout::of(const Snapshot& snapshot) {
    ElfLayout layout{.elf_class = snapshot.arch.elf_class};
    const uint64_t header_count = snapshot.mappings.size() + 1;
    if (header_count > UINT32_MAX) {
        return Error::make("%" PRIu64 " program headers are more than the %u that ELF can count",
                           header_count, UINT32_MAX);
    }
    layout.header_count = static_cast<uint32_t>(header_count);
    layout.extended_numbering = header_count >= format::kPnXnum;
    if (layout.elf_class == format::ElfClass::k64) {
        place_headers<format::ElfClass::k64>(layout);
    } else {
        place_headers<format::ElfClass::k32>(layout);
    }

    layout.size = layout.notes + snapshot.notes.size();
    const bool has_gaps = !snapshot.left_out.empty() || !snapshot.zero.empty();
    const uint64_t shift = has_gaps ? kShift : 0;
    for (const guest::GuestPhysBlock& block : snapshot.blocks.view()) {
        const uint64_t at =
            align_like(layout.size, block.range.start.value + shift, snapshot.arch.page_size);
        layout.blocks.push_back(at);
        layout.size = at + block.range.size;
        if (layout.size < at || layout.size > INT64_MAX) {
            return Error::make("the block at 0x%" PRIx64 " of 0x%" PRIx64
                               " bytes makes the file larger than a file can be",
                               block.range.start.value, block.range.size);
        }
    }
    if (layout.elf_class == format::ElfClass::k32 && layout.size > UINT32_MAX) {
        return Error::make("the ELF32 file would have %" PRIu64
                           " bytes, more than the %u that its offsets reach",
                           layout.size, UINT32_MAX);
    }
    return layout;
}

}  // namespace guestdump::dump
