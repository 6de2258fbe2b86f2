// SPDX-License-Identifier: GPL-2.0-or-later
/// Conversions keep the four states of a page: stored, zero, left out, not there.
#include <algorithm>

#include "dump/snapshot.h"
#include "dump/writer.h"
#include "tests/support/elf_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/kdump/kdump_copy.h"

namespace guestdump::vmcore {

using dump::Compression;
using dump::ElfRequest;
using dump::KdumpRequest;
using dump::Request;
using dump::VboxRequest;
using support::must;
using support::noise;

Suite* page_states_suite();

namespace {

constexpr uint64_t kPage = 4096;

std::unique_ptr<Vmcore> opened(const Bytes& file) {
    return must(Vmcore::read(in_memory(file)));
}

/// @file as `guestdump convert` writes it for @request.
Bytes converted(const Bytes& file, const Request& request) {
    const auto vmcore = opened(file);
    const auto snapshot = must(dump::Snapshot::take(*vmcore, request));
    auto writer = must(make_kdump_copy(*vmcore, snapshot, request));
    if (!writer) writer = must(dump::make_writer(snapshot, request));
    support::MemorySink sink;
    dump::Progress progress;
    must(writer->begin(sink, progress));
    must(writer->iterate(*snapshot.memory, sink, progress));
    must(writer->completed(sink));
    return sink.bytes();
}

Request raw(Compression compression) {
    return KdumpRequest{.compression = compression, .flattened = false};
}

bool equal(const Bytes& one, const Bytes& other) {
    return must(compare(*opened(one), *opened(other), 1)).equal();
}

/// A range of memory: its stored bytes, followed by bytes that were left out.
struct Piece {
    uint64_t paddr, stored, size;
    bool operator==(const Piece&) const = default;
};

std::vector<Piece> pieces(const Bytes& file) {
    std::vector<Piece> list;
    for (const support::ElfSegment& load : must(support::read_elf(file)).loads())
        list.push_back({load.paddr, load.filesz, load.memsz});
    return list;
}

/// As makedumpfile -E writes it: 4 pages stored and 12 left out, a hole, 4 stored and 4 left out;
/// and memory that is left out from its first page on.
Bytes filtered_elf() {
    const SmallElf elf{
        .loads = {{.paddr = 0, .contents = noise(1, 4 * kPage), .memsz = 0x10000},
                  {.paddr = 0x100000, .contents = noise(2, 4 * kPage), .memsz = 0x8000},
                  {.paddr = 0x200000, .contents = {}, .memsz = 0x3000}}};
    return elf.file();
}

const std::vector<Piece> kFiltered = {
    {0, 0x4000, 0x10000}, {0x100000, 0x4000, 0x8000}, {0x200000, 0, 0x3000}};

/// 300 pages, of which 5 are stored.
Bytes level_31(int bits = 64) {
    SmallKdump kdump{.bits = bits,
                     .pages = {{.pfn = 0, .flags = 1, .contents = text_page(1)},
                               {.pfn = 1, .flags = 1, .contents = text_page(2)},
                               {.pfn = 2, .contents = {}},
                               {.pfn = 5, .flags = 1, .contents = text_page(3)},
                               {.pfn = 256, .contents = noise(4, kPage)}},
                     .max_mapnr = 300,
                     .dump_level = 31,
                     .status = 1};
    if (bits == 32) kdump.notes = note("CORE", 1, Bytes(144));
    for (uint64_t pfn = 0; pfn < 300; ++pfn) {
        const bool stored = std::any_of(kdump.pages.begin(), kdump.pages.end(),
                                        [pfn](const SmallPage& page) { return page.pfn == pfn; });
        if (!stored) kdump.excluded.push_back(pfn);
    }
    return kdump.file();
}

void expect_same_states(const Bytes& one, const Bytes& other) {
    const auto left = must(support::read_kdump(one)), right = must(support::read_kdump(other));
    ck_assert_uint_eq(left.dump_level, right.dump_level);
    ck_assert_uint_eq(left.max_mapnr, right.max_mapnr);
    ck_assert(left.bitmap1 == right.bitmap1);
    ck_assert(left.bitmap2 == right.bitmap2);
    for (const auto& [pfn, page] : left.pages)
        ck_assert(must(left.page(pfn)) == must(right.page(pfn)));
}

START_TEST(elf_to_elf_keeps_what_was_left_out) {
    const Bytes file = converted(filtered_elf(), ElfRequest{});
    ck_assert(pieces(file) == kFiltered);
    // Readers take it for zeros, as in the source.
    const auto elf = must(support::read_elf(file));
    ck_assert(support::all_zero(elf.physical(0x5000, kPage).value()));
    ck_assert(equal(filtered_elf(), file));
}
END_TEST

START_TEST(elf_to_kdump_sets_bitmap_1_for_what_was_left_out) {
    const Bytes file = converted(filtered_elf(), raw(Compression::zlib));
    const auto kdump = must(support::read_kdump(file));
    ck_assert_uint_eq(kdump.pages.size(), 8);
    ck_assert_uint_eq(kdump.max_mapnr, 0x203);
    for (const uint64_t pfn : {4, 15, 0x104, 0x107, 0x200, 0x202})
        ck_assert(kdump.bitmap1[pfn] && !kdump.bitmap2[pfn]);
    for (const uint64_t pfn : {16, 0xff, 0x108}) ck_assert(!kdump.bitmap1[pfn]);
    // 1 would make readers take the missing pages for zero.
    ck_assert_uint_eq(kdump.dump_level, 0);
    ck_assert(equal(filtered_elf(), file));
    ck_assert(pieces(converted(file, ElfRequest{})) == kFiltered);
}
END_TEST

START_TEST(recompressing_keeps_level_bitmaps_and_max_mapnr) {
    for (const int bits : {32, 64}) {
        const Bytes from = level_31(bits);
        for (const auto compression : {Compression::zstd, Compression::zlib, Compression::lzo}) {
            const Bytes to = converted(from, raw(compression));
            expect_same_states(from, to);
            ck_assert(equal(from, to));
        }
    }
}
END_TEST

START_TEST(kdump_to_elf_and_back_keeps_level_and_bitmaps) {
    for (const int bits : {32, 64}) {
        const Bytes from = level_31(bits);
        const Bytes elf = converted(from, ElfRequest{});
        const std::vector<Piece> expected = {{0, 3 * kPage, 5 * kPage},
                                             {5 * kPage, kPage, 251 * kPage},
                                             {256 * kPage, kPage, 44 * kPage}};
        ck_assert(pieces(elf) == expected);
        ck_assert(equal(from, elf));
        const Bytes back = converted(elf, raw(Compression::zstd));
        expect_same_states(from, back);
        ck_assert(equal(from, back));
    }
}
END_TEST

START_TEST(virtualbox_cores_keep_what_was_left_out_apart_from_devices) {
    const Bytes vbox = converted(filtered_elf(), VboxRequest{});
    ck_assert(pieces(converted(vbox, ElfRequest{})) == kFiltered);
    ck_assert(equal(filtered_elf(), vbox));
    // Gaps, where a PC has devices, are headers without bytes too.
    ck_assert_uint_eq(pieces(vbox).size(), 5);
    const Bytes again = converted(converted(level_31(), VboxRequest{}), raw(Compression::zlib));
    expect_same_states(level_31(), again);
}
END_TEST

START_TEST(a_range_cuts_what_was_left_out_in_elf_and_not_in_kdump) {
    Request elf = ElfRequest{};
    elf.only = guest::GpaRange{guest::Gpa{0x3000}, 0x4000};
    ck_assert(pieces(converted(filtered_elf(), elf)) ==
              (std::vector<Piece>{{0x3000, 0x1000, 0x4000}}));
    Request kdump = raw(Compression::zlib);
    kdump.only = elf.only;
    const Bytes part = converted(filtered_elf(), kdump);
    const auto read = must(support::read_kdump(part));
    ck_assert_uint_eq(read.pages.size(), 1);
    ck_assert(read.bitmap1[0] && read.bitmap1[0x202]);
}
END_TEST

START_TEST(a_range_of_a_filtered_file_keeps_its_level) {
    Request request = raw(Compression::zlib);
    request.only = guest::GpaRange{guest::Gpa{0}, 0x3000};
    const Bytes part = converted(level_31(), request);
    ck_assert_uint_eq(must(support::read_kdump(part)).dump_level, 31);
    ck_assert_uint_eq(must(support::read_kdump(part)).bitmap1.size(),
                      must(support::read_kdump(level_31())).bitmap1.size());
}
END_TEST

START_TEST(paging_describes_what_was_left_out) {
    const Bytes file = converted(filtered_elf(), ElfRequest{.paging = true});
    uint64_t stored = 0, size = 0;
    for (const Piece& piece : pieces(file)) {
        stored += piece.stored;
        size += piece.size;
    }
    ck_assert_uint_eq(stored, 8 * kPage);
    ck_assert_uint_eq(size, 0x10000 + 0x8000 + 0x3000);
}
END_TEST

START_TEST(info_tells_level_and_number) {
    const Bytes elf = converted(level_31(), ElfRequest{});
    for (const Bytes& file : {level_31(), elf}) {
        const auto info =
            must(describe(*opened(file), "f", {.find_vmcoreinfo = false, .threads = 1}));
        ck_assert_uint_eq(info.dump_level.value(), 31);
        ck_assert_uint_eq(info.left_out_pages.value(), 295);
    }
}
END_TEST

START_TEST(a_comparison_tells_what_is_left_out_of_one) {
    const SmallElf whole{.loads = {{.paddr = 0, .contents = noise(1, 16 * kPage)},
                                   {.paddr = 0x100000, .contents = noise(2, 8 * kPage)}}};
    const auto result = must(compare(*opened(whole.file()), *opened(filtered_elf()), 1));
    const std::vector<std::string> expected = {
        "memory 0x4000-0xffff is left out of the second",
        "memory 0x104000-0x107fff is left out of the second",
        "memory 0x200000-0x202fff is left out of the second, and does not exist in the first"};
    ck_assert(result.differences == expected);
}
END_TEST

START_TEST(memory_that_is_marked_as_zero_is_not_left_out) {
    Bytes file = filtered_elf();
    // p_flags of the first PT_LOAD, after the header of the notes.
    support::put_le32(file, SmallElf().program_headers() + 56 + 4, 0x00100000);
    const auto vmcore = opened(file);
    ck_assert_uint_eq(total_bytes(vmcore->contents().left_out), 0x4000 + 0x3000);
    Bytes zeros(12 * kPage, std::byte{1});
    must(vmcore->blocks().read(guest::Gpa{0x4000}, zeros));
    ck_assert(support::all_zero(zeros));
    const Bytes made = converted(file, raw(Compression::zlib));
    const auto kdump = must(support::read_kdump(made));
    ck_assert(kdump.bitmap2[15] && !kdump.bitmap2[0x104]);
}
END_TEST

START_TEST(a_note_about_a_filter_that_is_odd_is_ignored) {
    struct Odd {
        Bytes descriptor;
        uint32_t type;
    };
    Bytes good(72);
    support::put_le32(good, 0, 1);
    support::put_le32(good, 4, 31);
    Bytes newer = good;
    support::put_le32(newer, 0, 2);
    for (const auto& [descriptor, type] : {Odd{Bytes(71), 1}, Odd{newer, 1}, Odd{good, 2}}) {
        SmallElf elf{.loads = {{.paddr = 0, .contents = noise(1, kPage), .memsz = 0x2000}}};
        const Bytes extra = note("GUESTDUMP", type, descriptor);
        elf.notes.insert(elf.notes.end(), extra.begin(), extra.end());
        ck_assert(!opened(elf.file())->contents().filter);
    }
    SmallElf elf{.loads = {{.paddr = 0, .contents = noise(1, kPage), .memsz = 0x2000}}};
    const Bytes extra = note("GUESTDUMP", 1, good);
    elf.notes.insert(elf.notes.end(), extra.begin(), extra.end());
    ck_assert_uint_eq(opened(elf.file())->contents().filter->level, 31);
}
END_TEST

}  // namespace

Suite* page_states_suite() {
    return support::make_suite(
        "page_states",
        {elf_to_elf_keeps_what_was_left_out, elf_to_kdump_sets_bitmap_1_for_what_was_left_out,
         recompressing_keeps_level_bitmaps_and_max_mapnr,
         kdump_to_elf_and_back_keeps_level_and_bitmaps,
         virtualbox_cores_keep_what_was_left_out_apart_from_devices,
         a_range_cuts_what_was_left_out_in_elf_and_not_in_kdump,
         a_range_of_a_filtered_file_keeps_its_level, paging_describes_what_was_left_out,
         info_tells_level_and_number, a_comparison_tells_what_is_left_out_of_one,
         memory_that_is_marked_as_zero_is_not_left_out,
         a_note_about_a_filter_that_is_odd_is_ignored});
}

}  // namespace guestdump::vmcore
