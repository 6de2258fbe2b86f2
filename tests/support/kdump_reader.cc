// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/kdump_reader.h"

#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <cinttypes>

namespace guestdump::support {

namespace {

/// The offsets of a member in 32-bit and 64-bit headers, and its widths there.
struct Place {
    uint64_t at32, at64;
    size_t size32 = 4, size64 = 8;
};

uint64_t take(const KdumpFile& kdump, uint64_t base, const Place& place) {
    return kdump.bits == 32 ? little_at(kdump.file, base + place.at32, place.size32)
                            : little_at(kdump.file, base + place.at64, place.size64);
}

uint32_t take32(const KdumpFile& kdump, uint64_t base, uint64_t at32, uint64_t at64) {
    return le32_at(kdump.file, base + (kdump.bits == 32 ? at32 : at64));
}

Result<> read_main_header(KdumpFile& kdump) {
    const View file = kdump.file;
    if (!inside(file, 0, 8192) || text_at(file, 0, 8) != "KDUMP   ") {
        return Error::make("not kdump-compressed");
    }
    // Here a 32-bit header has the page size and then a field that is never zero; a 64-bit header
    // has the time.
    kdump.bits = le32_at(file, 416) == 4096 && le32_at(file, 420) != 0 ? 32 : 64;
    kdump.version = le32_at(file, 8);
    std::string* const names[] = {&kdump.sysname,         &kdump.nodename, &kdump.release,
                                  &kdump.machine_version, &kdump.machine,  &kdump.domainname};
    for (size_t i = 0; i < 6; ++i) *names[i] = text_at(file, 12 + 65 * i, 65);
    kdump.status = take32(kdump, 0, 412, 424);
    kdump.block_size = take32(kdump, 0, 416, 428);
    kdump.sub_header_blocks = take32(kdump, 0, 420, 432);
    kdump.bitmap_blocks = take32(kdump, 0, 424, 436);
    kdump.max_mapnr_32 = take32(kdump, 0, 428, 440);
    kdump.nr_cpus = take32(kdump, 0, 448, 460);
    if (kdump.block_size != 4096) return Error::make("block size %u", kdump.block_size);
    if (kdump.version != 6) return Error::make("version %u", kdump.version);
    return {};
}

Result<> read_sub_header(KdumpFile& kdump) {
    const uint64_t base = kdump.block_size;
    kdump.phys_base = take(kdump, base, {0, 0});
    kdump.dump_level = take32(kdump, base, 4, 8);
    kdump.split = take32(kdump, base, 8, 12);
    kdump.vmcoreinfo_offset = take(kdump, base, {20, 32, 8});
    kdump.vmcoreinfo_size = take(kdump, base, {28, 40});
    kdump.note_offset = take(kdump, base, {32, 48, 8});
    kdump.note_size = take(kdump, base, {40, 56});
    kdump.start_pfn = take(kdump, base, {56, 80, 8});
    kdump.end_pfn = take(kdump, base, {64, 88, 8});
    kdump.max_mapnr = take(kdump, base, {72, 96, 8});
    const uint64_t blocks_end = base * (1 + uint64_t{kdump.sub_header_blocks});
    if (kdump.note_offset + kdump.note_size > blocks_end)
        return Error::make("notes run into bitmap 1");
    if (!inside(kdump.file, kdump.vmcoreinfo_offset, kdump.vmcoreinfo_size)) {
        return Error::make("vmcoreinfo outside of the file");
    }
    kdump.notes = TRY(read_notes(kdump.file, kdump.note_offset, kdump.note_size));
    return {};
}

Result<> read_bitmaps(KdumpFile& kdump) {
    const uint64_t start = uint64_t{kdump.block_size} * (1 + kdump.sub_header_blocks);
    const uint64_t length = uint64_t{kdump.block_size} * kdump.bitmap_blocks / 2;
    if (!inside(kdump.file, start, 2 * length)) return Error::make("bitmaps outside of the file");
    if (length * 8 < kdump.max_mapnr) return Error::make("bitmap too short for max_mapnr");
    for (uint64_t pfn = 0; pfn < length * 8; ++pfn) {
        const unsigned first = std::to_integer<unsigned>(kdump.file[start + pfn / 8]);
        const unsigned second = std::to_integer<unsigned>(kdump.file[start + length + pfn / 8]);
        const bool in_first = first >> pfn % 8 & 1, in_second = second >> pfn % 8 & 1;
        if (in_second && !in_first) return Error::make("pfn %" PRIu64 " only in bitmap 2", pfn);
        if (in_first && pfn >= kdump.max_mapnr) return Error::make("pfn %" PRIu64 " too high", pfn);
        if (pfn >= kdump.max_mapnr) continue;
        kdump.bitmap1.push_back(in_first);
        kdump.bitmap2.push_back(in_second);
    }
    kdump.descriptors_offset = start + 2 * length;
    return {};
}

Result<> read_descriptors(KdumpFile& kdump) {
    uint64_t at = kdump.descriptors_offset;
    for (uint64_t pfn = 0; pfn < kdump.bitmap2.size(); ++pfn) {
        if (!kdump.bitmap2[pfn]) continue;
        if (!inside(kdump.file, at, 24)) return Error::make("descriptors outside of the file");
        const KdumpFile::Page page{.offset = le64_at(kdump.file, at),
                                   .size = le32_at(kdump.file, at + 8),
                                   .flags = le32_at(kdump.file, at + 12)};
        if (le64_at(kdump.file, at + 16) != 0)
            return Error::make("page_flags of pfn %" PRIu64, pfn);
        if (!inside(kdump.file, page.offset, page.size)) {
            return Error::make("data of pfn %" PRIu64 " outside of the file", pfn);
        }
        kdump.pages[pfn] = page;
        at += 24;
    }
    return {};
}

/// The decompressed length; empty if @stored does not decompress.
std::optional<size_t> decompress(uint32_t flags, View stored, Bytes& out) {
    const auto* from = reinterpret_cast<const unsigned char*>(stored.data());
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    size_t size = out.size();
    if (flags == 1) {
        uLongf length = size;
        if (uncompress(to, &length, from, stored.size()) != Z_OK) return std::nullopt;
        return length;
    }
    if (flags == 2) {
        lzo_uint length = size;
        if (lzo1x_decompress_safe(from, stored.size(), to, &length, nullptr) != LZO_E_OK) {
            return std::nullopt;
        }
        return length;
    }
    if (flags == 4) {
        const auto* text = reinterpret_cast<const char*>(from);
        if (snappy_uncompress(text, stored.size(), reinterpret_cast<char*>(to), &size) !=
            SNAPPY_OK) {
            return std::nullopt;
        }
        return size;
    }
    if (flags != 0x20) return std::nullopt;
    size = ZSTD_decompress(to, size, from, stored.size());
    if (ZSTD_isError(size)) return std::nullopt;
    return size;
}

}  // namespace

std::string KdumpFile::vmcoreinfo() const {
    return std::string(text_at(file, vmcoreinfo_offset, vmcoreinfo_size));
}

Result<Bytes> KdumpFile::page(uint64_t pfn) const {
    const auto found = pages.find(pfn);
    if (found == pages.end()) return Error::make("pfn %" PRIu64 " is not in the dump", pfn);
    const Page& page = found->second;
    const View stored = file.subspan(page.offset, page.size);
    if (page.flags == 0 && page.size == block_size) return Bytes(stored.begin(), stored.end());
    Bytes out(block_size);
    if (decompress(page.flags, stored, out) != block_size) {
        return Error::make("pfn %" PRIu64 ": %u bytes with flags %u are not one page", pfn,
                           page.size, page.flags);
    }
    return out;
}

Result<KdumpFile> read_kdump(View file) {
    KdumpFile kdump;
    kdump.file = file;
    TRY(read_main_header(kdump));
    TRY(read_sub_header(kdump));
    TRY(read_bitmaps(kdump));
    TRY(read_descriptors(kdump));
    return kdump;
}

}  // namespace guestdump::support
