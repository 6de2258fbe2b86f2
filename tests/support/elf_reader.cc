// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/elf_reader.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::support {

namespace {

/// Offsets in both classes; 32-bit first. [gabi ch4, ch5]
uint64_t wide_at(const ElfFile& elf, uint64_t at32, uint64_t at64) {
    return elf.bits == 32 ? le32_at(elf.file, at32) : le64_at(elf.file, at64);
}

Result<ElfFile> read_header(View file) {
    if (!inside(file, 0, 64) || le32_at(file, 0) != 0x464c457f) return Error::make("not ELF");
    const auto klass = std::to_integer<int>(file[4]);
    if (klass != 1 && klass != 2) return Error::make("ELF class %d", klass);
    if (std::to_integer<int>(file[5]) != 1) return Error::make("not little-endian");
    if (std::to_integer<int>(file[6]) != 1) return Error::make("ident version is not 1");
    ElfFile elf;
    elf.file = file;
    elf.bits = klass == 1 ? 32 : 64;
    elf.type = le16_at(file, 16);
    elf.machine = le16_at(file, 18);
    if (le32_at(file, 20) != 1) return Error::make("version is not 1");
    elf.phoff = wide_at(elf, 28, 32);
    elf.shoff = wide_at(elf, 32, 40);
    const uint64_t tail = elf.bits == 32 ? 40 : 52;
    elf.ehsize = le16_at(file, tail);
    elf.phentsize = le16_at(file, tail + 2);
    elf.e_phnum = le16_at(file, tail + 4);
    elf.shentsize = le16_at(file, tail + 6);
    elf.e_shnum = le16_at(file, tail + 8);
    elf.e_shstrndx = le16_at(file, tail + 10);
    return elf;
}

ElfSegment segment_at(const ElfFile& elf, uint64_t at) {
    const View file = elf.file;
    if (elf.bits == 32) {
        return {.type = le32_at(file, at),
                .flags = le32_at(file, at + 24),
                .offset = le32_at(file, at + 4),
                .vaddr = le32_at(file, at + 8),
                .paddr = le32_at(file, at + 12),
                .filesz = le32_at(file, at + 16),
                .memsz = le32_at(file, at + 20),
                .align = le32_at(file, at + 28)};
    }
    return {.type = le32_at(file, at),
            .flags = le32_at(file, at + 4),
            .offset = le64_at(file, at + 8),
            .vaddr = le64_at(file, at + 16),
            .paddr = le64_at(file, at + 24),
            .filesz = le64_at(file, at + 32),
            .memsz = le64_at(file, at + 40),
            .align = le64_at(file, at + 48)};
}

Result<> read_segments(ElfFile& elf) {
    uint64_t count = elf.e_phnum;
    if (count == 0xffff) {
        const uint64_t info = elf.shoff + (elf.bits == 32 ? 28 : 44);
        if (!inside(elf.file, info, 4)) return Error::make("section 0 outside of the file");
        count = le32_at(elf.file, info);
    }
    const uint64_t size = elf.bits == 32 ? 32 : 56;
    if (elf.phentsize != size) return Error::make("e_phentsize %u", elf.phentsize);
    if (!inside(elf.file, elf.phoff, count * size)) {
        return Error::make("%" PRIu64 " program headers at %" PRIu64 " are not all in the file",
                           count, elf.phoff);
    }
    for (uint64_t i = 0; i < count; ++i)
        elf.segments.push_back(segment_at(elf, elf.phoff + i * size));
    return {};
}

template <class Start>
std::optional<Bytes> gather(const ElfFile& elf, Start start, uint64_t address, size_t size) {
    const std::vector<ElfSegment> loads = elf.loads();
    Bytes out;
    while (out.size() < size) {
        const uint64_t at = address + out.size();
        const auto found = std::find_if(loads.begin(), loads.end(), [&](const ElfSegment& load) {
            return at >= start(load) && at - start(load) < load.memsz;
        });
        if (found == loads.end()) return std::nullopt;
        const uint64_t skip = at - start(*found);
        uint64_t take = std::min<uint64_t>(size - out.size(), found->memsz - skip);
        if (skip < found->filesz) {
            take = std::min(take, found->filesz - skip);
            if (!inside(elf.file, found->offset + skip, take)) return std::nullopt;
            put_bytes(out, out.size(), elf.file.subspan(found->offset + skip, take));
        } else {
            out.resize(out.size() + take);
        }
    }
    return out;
}

}  // namespace

std::vector<ElfSegment> ElfFile::loads() const {
    std::vector<ElfSegment> found;
    std::copy_if(segments.begin(), segments.end(), std::back_inserter(found),
                 [](const ElfSegment& segment) { return segment.type == 1; });
    return found;
}

std::vector<ElfNote> ElfFile::notes_named(const std::string& name) const {
    std::vector<ElfNote> found;
    std::copy_if(notes.begin(), notes.end(), std::back_inserter(found),
                 [&](const ElfNote& note) { return note.name == name; });
    return found;
}

std::optional<Bytes> ElfFile::physical(uint64_t address, size_t size) const {
    return gather(
        *this, [](const ElfSegment& load) { return load.paddr; }, address, size);
}

std::optional<Bytes> ElfFile::virtual_at(uint64_t address, size_t size) const {
    return gather(
        *this, [](const ElfSegment& load) { return load.vaddr; }, address, size);
}

Result<std::vector<ElfNote>> read_notes(View file, uint64_t offset, uint64_t size) {
    if (!inside(file, offset, size)) return Error::make("notes outside of the file");
    std::vector<ElfNote> notes;
    for (uint64_t at = offset; at < offset + size;) {
        const View rest = file.subspan(at, offset + size - at);
        if (rest.size() < 12) return Error::make("%zu bytes behind the last note", rest.size());
        const uint64_t name_size = le32_at(rest, 0), descriptor_size = le32_at(rest, 4);
        const uint64_t descriptor_at = 12 + (name_size + 3) / 4 * 4;
        const uint64_t whole = descriptor_at + (descriptor_size + 3) / 4 * 4;
        if (whole > rest.size()) return Error::make("note at %" PRIu64 " leads outside", at);
        const View descriptor = rest.subspan(descriptor_at, descriptor_size);
        notes.push_back(
            {.name = std::string(text_at(rest, 12, name_size)),
             .type = le32_at(rest, 8),
             .offset = at,
             .descriptor = Bytes(descriptor.begin(), descriptor.end()),
             .whole = Bytes(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(whole))});
        at += whole;
    }
    return notes;
}

Result<ElfFile> read_elf(View file) {
    ElfFile elf = TRY(read_header(file));
    TRY(read_segments(elf));
    for (const ElfSegment& segment : elf.segments) {
        if (segment.type != 4) continue;
        std::vector<ElfNote> notes = TRY(read_notes(file, segment.offset, segment.filesz));
        std::move(notes.begin(), notes.end(), std::back_inserter(elf.notes));
    }
    return elf;
}

}  // namespace guestdump::support
