// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_files.h"

#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cassert>

namespace guestdump::vmcore {

using support::put_be64;
using support::put_bytes;
using support::put_le16;
using support::put_le32;
using support::put_le64;
using support::put_text;
using support::View;

namespace {

/// Stores a field that has 4 bytes in the 32-bit class and 8 in the 64-bit class, each at its
/// offset.
void put_wide(Bytes& file, int bits, uint64_t at32, uint64_t at64, uint64_t value) {
    bits == 64 ? put_le64(file, at64, value) : put_le32(file, at32, static_cast<uint32_t>(value));
}

struct Segment {
    uint32_t type;
    uint64_t offset, vaddr, paddr, filesz, memsz;
};

void put_segment(Bytes& file, int bits, uint64_t at, const Segment& segment) {
    put_le32(file, at, segment.type);
    put_wide(file, bits, at + 4, at + 8, segment.offset);
    put_wide(file, bits, at + 8, at + 16, segment.vaddr);
    put_wide(file, bits, at + 12, at + 24, segment.paddr);
    put_wide(file, bits, at + 16, at + 32, segment.filesz);
    put_wide(file, bits, at + 20, at + 40, segment.memsz);
}

void put_elf_header(Bytes& file, const SmallElf& elf, uint16_t count) {
    put_le32(file, 0, 0x464c457f);
    put_le32(file, 4, elf.bits == 64 ? 0x010102 : 0x010101);  // class, little-endian, version
    put_le16(file, 16, 4);                                    // ET_CORE
    put_le16(file, 18, elf.machine);
    put_le32(file, 20, 1);
    put_wide(file, elf.bits, 28, 32, elf.program_headers());
    put_le16(file, elf.bits == 64 ? 52 : 40, elf.stated_header_size);
    put_le16(file, elf.bits == 64 ? 54 : 42, elf.bits == 64 ? 56 : 32);
    put_le16(file, elf.bits == 64 ? 56 : 44, elf.count_in_section ? 0xffff : count);
}

void put_kdump_main(Bytes& file, const SmallKdump& kdump) {
    const bool wide = kdump.bits == 64;
    put_text(file, 0, "KDUMP   ");
    put_le32(file, 8, kdump.version);
    put_text(file, 12, "Linux");
    put_text(file, 12 + 2 * 65, "6.1.0");
    put_text(file, 12 + 4 * 65, kdump.machine);
    const uint64_t status = wide ? 424 : 412;
    put_le32(file, status, kdump.status);
    put_le32(file, status + 4, 4096);  // block_size
    put_le32(file, status + 8, 1);     // sub_hdr_size
    put_le32(file, status + 12, 2);    // bitmap_blocks
    put_le32(file, status + 16, static_cast<uint32_t>(kdump.max_mapnr));
    put_le32(file, status + 36, 1);  // nr_cpus
}

void put_kdump_sub(Bytes& file, const SmallKdump& kdump) {
    constexpr uint64_t kSub = SmallKdump::kSub;
    const int bits = kdump.bits;
    const uint64_t notes = kSub + (bits == 64 ? 104 : 80);
    const uint64_t vmcoreinfo = notes + kdump.notes.size();
    put_wide(file, bits, kSub, kSub, 0x1000000);  // phys_base
    put_le32(file, kSub + (bits == 64 ? 8 : 4), kdump.dump_level);
    if (!kdump.vmcoreinfo.empty()) {
        put_le64(file, kSub + (bits == 64 ? 32 : 20), vmcoreinfo);
        put_wide(file, bits, kSub + 28, kSub + 40, kdump.vmcoreinfo.size());
    }
    put_le64(file, kSub + (bits == 64 ? 48 : 32), notes);
    put_wide(file, bits, kSub + 40, kSub + 56, kdump.notes.size());
    if (kdump.version >= 6) put_le64(file, kSub + (bits == 64 ? 96 : 72), kdump.max_mapnr);
    put_bytes(file, notes, kdump.notes);
    put_text(file, vmcoreinfo, kdump.vmcoreinfo);
}

void set_bit(Bytes& file, uint64_t bitmap, uint64_t pfn) {
    file[bitmap + pfn / 8] |= static_cast<std::byte>(1u << pfn % 8);
}

}  // namespace

Bytes note(std::string_view name, uint32_t type, View descriptor) {
    Bytes bytes;
    put_le32(bytes, 0, static_cast<uint32_t>(name.size() + 1));
    put_le32(bytes, 4, static_cast<uint32_t>(descriptor.size()));
    put_le32(bytes, 8, type);
    put_text(bytes, 12, name);
    bytes.resize(12 + (name.size() + 1 + 3) / 4 * 4);
    put_bytes(bytes, bytes.size(), descriptor);
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

Bytes qemu_descriptor(uint64_t rip) {
    Bytes descriptor(440);
    put_le32(descriptor, 0, 1);
    put_le32(descriptor, 4, 440);
    put_le64(descriptor, 136, rip);
    return descriptor;
}

Bytes some_notes() {
    constexpr std::string_view kVmcoreinfo = "OSRELEASE=6.1.0\n";
    constexpr uint64_t kRip = 0xffffffff81000000;
    Bytes prstatus(336);
    put_le32(prstatus, 32, 1);      // pr_pid
    put_le64(prstatus, 240, kRip);  // pr_reg[16]
    Bytes notes = note("CORE", 1, prstatus);
    put_bytes(notes, notes.size(), note("QEMU", 0, qemu_descriptor(kRip)));
    put_bytes(notes, notes.size(), note("VMCOREINFO", 0, std::as_bytes(std::span(kVmcoreinfo))));
    return notes;
}

Bytes SmallElf::file() const {
    const uint64_t header_size = bits == 64 ? 56 : 32;
    Bytes file;
    put_elf_header(file, *this, static_cast<uint16_t>(1 + loads.size()));
    uint64_t at = program_headers() + header_size * (1 + loads.size());
    put_segment(file, bits, program_headers(), {4, at, 0, 0, notes.size(), notes.size()});
    put_bytes(file, at, notes);
    at += notes.size();
    std::vector<uint64_t> offsets;
    for (const SmallLoad& load : loads) {
        const bool shared = load.same_bytes_as >= 0;
        offsets.push_back(shared ? offsets[static_cast<size_t>(load.same_bytes_as)] : at);
        const uint64_t memsz = load.memsz != 0 ? load.memsz : load.contents.size();
        const uint64_t place = program_headers() + header_size * offsets.size();
        put_segment(file, bits, place,
                    {1, offsets.back(), load.vaddr, load.paddr, load.contents.size(), memsz});
        if (shared) continue;
        put_bytes(file, at, load.contents);
        at += load.contents.size();
    }
    file.resize(at);
    if (count_in_section) {
        put_wide(file, bits, 32, 40, at);
        put_le32(file, at + (bits == 64 ? 44 : 28), static_cast<uint32_t>(1 + loads.size()));
        file.resize(at + (bits == 64 ? 64 : 40));
    }
    return file;
}

Bytes SmallKdump::file() const {
    Bytes file;
    put_kdump_main(file, *this);
    put_kdump_sub(file, *this);
    file.resize(kDescriptors);
    for (const SmallPage& page : pages) {
        set_bit(file, kBitmap1, page.pfn);
        set_bit(file, kBitmap2, page.pfn);
    }
    for (const uint64_t pfn : excluded) set_bit(file, kBitmap1, pfn);
    file.resize(data() + 4096);  // the zero page
    for (size_t i = 0; i < pages.size(); ++i) {
        const bool zero = pages[i].contents.empty();
        const Bytes stored = zero ? Bytes(4096) : compressed(pages[i].flags, pages[i].contents);
        const uint64_t at = kDescriptors + 24 * i;
        put_le64(file, at, zero ? data() : file.size());
        put_le32(file, at + 8, static_cast<uint32_t>(stored.size()));
        put_le32(file, at + 12, pages[i].flags);
        if (!zero) put_bytes(file, file.size(), stored);
    }
    return file;
}

Bytes flattened(View image, size_t record_size) {
    Bytes file;
    put_flat_header(file);
    for (size_t at = 0; at < image.size(); at += record_size) {
        put_flat_record(file, at, image.subspan(at, std::min(record_size, image.size() - at)));
    }
    put_flat_end(file);
    return file;
}

void put_flat_header(Bytes& file) {
    put_text(file, 0, "makedumpfile");
    put_be64(file, 16, 1);
    put_be64(file, 24, 1);
    file.resize(4096);
}

void put_flat_record(Bytes& file, uint64_t offset, View data) {
    put_be64(file, file.size(), offset);
    put_be64(file, file.size(), data.size());
    put_bytes(file, file.size(), data);
}

void put_flat_end(Bytes& file) {
    put_be64(file, file.size(), UINT64_MAX);
    put_be64(file, file.size(), UINT64_MAX);
}

Bytes compressed(uint32_t flags, View page) {
    if (flags == 0) return Bytes(page.begin(), page.end());
    Bytes out(2 * page.size() + 1024);  // enough for every compressor
    const auto* from = reinterpret_cast<const unsigned char*>(page.data());
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    size_t size = out.size();
    bool done = false;
    if (flags == 1) {
        uLongf length = size;
        done = compress2(to, &length, from, page.size(), 1) == Z_OK;
        size = length;
    } else if (flags == 2) {
        std::vector<unsigned char> work(LZO1X_1_MEM_COMPRESS);
        lzo_uint length = size;
        done = lzo1x_1_compress(from, page.size(), to, &length, work.data()) == LZO_E_OK;
        size = length;
    } else if (flags == 4) {
        done = snappy_compress(reinterpret_cast<const char*>(from), page.size(),
                               reinterpret_cast<char*>(to), &size) == SNAPPY_OK;
    } else if (flags == 0x20) {
        size = ZSTD_compress(to, size, from, page.size(), 1);
        done = !ZSTD_isError(size);
    }
    assert(done);
    out.resize(size);
    return out;
}

Bytes text_page(uint64_t seed) {
    std::string text;
    while (text.size() < 4096) text += "page " + std::to_string(seed) + " ";
    Bytes page;
    put_text(page, 0, std::string_view(text).substr(0, 4096));
    return page;
}

}  // namespace guestdump::vmcore
