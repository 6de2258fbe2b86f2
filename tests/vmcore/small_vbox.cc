// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_vbox.h"

namespace guestdump::vmcore {
namespace {

using support::put_bytes;
using support::put_le16;
using support::put_le32;
using support::put_le64;
using support::put_text;

/// Name and descriptor are each padded to 8; the name's size does not include its NUL.
void add_note(Bytes& notes, std::string_view name, uint32_t type, const Bytes& descriptor) {
    const size_t at = notes.size();
    put_le32(notes, at, static_cast<uint32_t>(name.size()));
    put_le32(notes, at + 4, static_cast<uint32_t>(descriptor.size()));
    put_le32(notes, at + 8, type);
    put_text(notes, at + 12, name);
    notes.resize(at + 20);
    put_bytes(notes, at + 20, descriptor);
    notes.resize(at + 20 + (descriptor.size() + 7) / 8 * 8);
}

Bytes notes_of(const SmallVbox& core) {
    Bytes descriptor, notes;
    const uint32_t words[] = {core.magic,        core.format, 24,
                              core.vbox_version, 0x21cba,     core.claimed_cpus};
    for (const uint32_t word : words) put_le32(descriptor, descriptor.size(), word);
    add_note(notes, "VBCORE", 0xb00, descriptor);
    for (const Bytes& cpu : core.cpus) add_note(notes, "VBCPU", 0xb01, cpu);
    put_bytes(notes, notes.size(), core.more_notes);
    return notes;
}

void put_segment(Bytes& file, size_t index, uint32_t type, uint64_t offset, uint64_t paddr,
                 uint64_t filesz, uint64_t memsz) {
    const size_t at = 64 + 56 * index;
    put_le32(file, at, type);
    put_le32(file, at + 4, 4);  // PF_R
    put_le64(file, at + 8, offset);
    put_le64(file, at + 24, paddr);
    put_le64(file, at + 32, filesz);
    put_le64(file, at + 40, memsz);
    file.resize(std::max(file.size(), at + 56));
}

}  // namespace

Bytes SmallVbox::file() const {
    Bytes file;
    put_text(file, 0, "\177ELF\2\1");
    put_le16(file, 6, ident_version);
    put_le16(file, 16, 4);   // ET_CORE
    put_le16(file, 18, 62);  // EM_X86_64
    put_le32(file, 20, 1);   // EV_CURRENT
    put_le64(file, 32, 64);  // e_phoff
    put_le16(file, 52, 64);  // e_ehsize
    put_le16(file, 54, 56);  // e_phentsize
    put_le16(file, 56, static_cast<uint16_t>(1 + ranges.size()));
    file.resize(64);
    const Bytes notes = notes_of(*this);
    const uint64_t notes_at = 64 + 56 * (1 + ranges.size());
    put_segment(file, 0, 4, notes_at, 0, notes.size(), notes.size());
    uint64_t at = notes_at + notes.size();
    for (size_t i = 0; i < ranges.size(); ++i) {
        const uint64_t size = ranges[i].contents.size();
        put_segment(file, 1 + i, 1, at, ranges[i].start, size, size ? size : ranges[i].mmio_size);
        at += size;
    }
    put_bytes(file, notes_at, notes);
    for (const SmallRange& range : ranges) put_bytes(file, file.size(), range.contents);
    return file;
}

Bytes vbox_cpu(uint64_t rip, size_t size) {
    Bytes cpu(size);
    put_le64(cpu, 112, rip);
    put_le32(cpu, 156, 0xa09b);      // cs: code, long
    put_le64(cpu, 288, 0x80000011);  // cr0: paging
    put_le64(cpu, 304, 0x1000);      // cr3
    put_le64(cpu, 312, 0x20);        // cr4: PAE
    put_le64(cpu, 488, 0xd00);       // efer: LME, LMA, NXE
    return cpu;
}

}  // namespace guestdump::vmcore
