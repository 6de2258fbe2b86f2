// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/kdump_reader.h"

#include <thread>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::error_of;
using support::must;
using support::must_fail;
using support::noise;
using support::put_le32;
using support::put_le64;

Suite* kdump_reader_suite();

namespace {

constexpr uint64_t kPage = 4096;

/// Pages 1 to 6: one of each kind that a file can contain.
SmallKdump one_of_each() {
    return {.pages = {{.pfn = 1, .contents = {}},
                      {.pfn = 2, .contents = noise(2, kPage)},
                      {.pfn = 3, .flags = 1, .contents = text_page(3)},
                      {.pfn = 4, .flags = 2, .contents = text_page(4)},
                      {.pfn = 5, .flags = 4, .contents = text_page(5)},
                      {.pfn = 6, .flags = 0x20, .contents = text_page(6)}}};
}

/// The contents of pages 1 to 6 of one_of_each().
Bytes six_pages() {
    Bytes memory(kPage);
    support::put_bytes(memory, kPage, noise(2, kPage));
    for (uint64_t pfn = 3; pfn <= 6; ++pfn)
        support::put_bytes(memory, memory.size(), text_page(pfn));
    return memory;
}

Bytes read_memory(const Contents& contents, uint64_t gpa, size_t size) {
    Bytes bytes(size);
    must(contents.blocks.read(guest::Gpa{gpa}, bytes));
    return bytes;
}

START_TEST(pages_of_every_compression_are_read_back) {
    for (const int bits : {32, 64}) {
        SmallKdump kdump = one_of_each();
        kdump.bits = bits;
        const KdumpFile file = must(read_kdump(in_memory(kdump.file())));
        ck_assert_uint_eq(file.contents.blocks.view().size(), 1);
        ck_assert_uint_eq(file.contents.blocks.total_bytes(), 6 * kPage);
        ck_assert(read_memory(file.contents, kPage, 6 * kPage) == six_pages());
        ck_assert_uint_eq(file.contents.phys_base.value, 0x1000000);
        ck_assert_int_eq(file.contents.machine.elf_class == format::ElfClass::k64 ? 64 : 32, bits);
    }
}
END_TEST

START_TEST(classes_are_told_apart_where_max_mapnr_looks_like_a_page_size) {
    SmallKdump kdump = one_of_each();
    kdump.bits = 32;
    kdump.max_mapnr = 4096;
    const KdumpFile file = must(read_kdump(in_memory(kdump.file())));
    ck_assert(file.header.elf_class == format::ElfClass::k32);
    ck_assert_uint_eq(file.header.max_mapnr, 4096);
}
END_TEST

START_TEST(pages_may_lie_in_any_order_and_share_their_bytes) {
    SmallKdump kdump;
    for (uint64_t pfn = 0; pfn < 6; ++pfn) {
        kdump.pages.push_back({.pfn = pfn, .flags = 1, .contents = text_page(pfn)});
    }
    Bytes file = kdump.file();
    const uint64_t order[] = {3, 4, 1, 1, 0, 3};
    const Bytes descriptors(file.begin() + SmallKdump::kDescriptors,
                            file.begin() + SmallKdump::kDescriptors + 6 * 24);
    for (uint64_t pfn = 0; pfn < 6; ++pfn) {
        support::put_bytes(file, SmallKdump::kDescriptors + 24 * pfn,
                           support::View(descriptors).subspan(24 * order[pfn], 24));
    }
    const Contents contents = must(read_kdump(in_memory(file))).contents;
    const Bytes memory = read_memory(contents, 0, 6 * kPage);
    for (uint64_t pfn = 0; pfn < 6; ++pfn) {
        ck_assert(support::same(support::View(memory).subspan(pfn * kPage, kPage),
                                text_page(order[pfn])));
    }
}
END_TEST

START_TEST(cached_pages_are_not_taken_for_one_another) {
    SmallKdump kdump;
    kdump.max_mapnr = 1024;
    for (const uint64_t pfn : {1u, 65u, 129u}) {
        kdump.pages.push_back({.pfn = pfn, .contents = noise(pfn, kPage)});
    }
    const Contents contents = must(read_kdump(in_memory(kdump.file()))).contents;
    for (const uint64_t pfn : {1u, 65u, 129u, 65u, 1u}) {
        ck_assert(read_memory(contents, pfn * kPage, kPage) == noise(pfn, kPage));
    }
}
END_TEST

START_TEST(any_part_of_pages_can_be_read) {
    const KdumpFile file = must(read_kdump(in_memory(one_of_each().file())));
    const Bytes memory = six_pages();
    for (const uint64_t start : {uint64_t{0}, uint64_t{1}, kPage - 1, kPage, 2 * kPage + 100}) {
        for (const uint64_t size : {uint64_t{1}, uint64_t{8}, kPage, kPage + 2, 3 * kPage + 7}) {
            const Bytes part = read_memory(file.contents, kPage + start, size);
            ck_assert(support::same(part, support::View(memory).subspan(start, size)));
            // Again, now that part of it is in the cache.
            ck_assert(read_memory(file.contents, kPage + start, size) == part);
        }
    }
}
END_TEST

START_TEST(threads_read_the_same_pages) {
    const KdumpFile file = must(read_kdump(in_memory(one_of_each().file())));
    const Bytes memory = six_pages();
    std::vector<std::jthread> threads;
    std::atomic<int> wrong = 0;
    for (uint64_t i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (uint64_t round = 0; round < 200; ++round) {
                Bytes part(100 + i * kPage);
                const uint64_t start = (round * 977) % (2 * kPage);
                const auto done = file.contents.blocks.read(guest::Gpa{kPage + start}, part);
                const auto expected = support::View(memory).subspan(start, part.size());
                if (!done || !support::same(part, expected)) ++wrong;
            }
        });
    }
    threads.clear();
    ck_assert_int_eq(wrong, 0);
}
END_TEST

START_TEST(absent_pages_are_in_no_block) {
    SmallKdump kdump = one_of_each();
    kdump.pages.push_back({.pfn = 40, .contents = noise(40, kPage)});
    kdump.excluded = {7, 8, 41};
    kdump.dump_level = 31;
    const Contents contents = must(read_kdump(in_memory(kdump.file()))).contents;
    ck_assert_uint_eq(contents.blocks.view().size(), 2);
    ck_assert_uint_eq(contents.blocks.view()[1].range.start.value, 40 * kPage);
    ck_assert_uint_eq(contents.blocks.view()[1].range.size, kPage);
    ck_assert(contents.left_out ==
              RangeList({{guest::Gpa{7 * kPage}, 2 * kPage}, {guest::Gpa{41 * kPage}, kPage}}));
    ck_assert(read_memory(contents, 40 * kPage, kPage) == noise(40, kPage));
}
END_TEST

START_TEST(pages_left_out_for_being_zero_are_zero_again) {
    SmallKdump kdump = one_of_each();
    kdump.excluded = {0, 7, 8};
    kdump.dump_level = 1;
    const Contents contents = must(read_kdump(in_memory(kdump.file()))).contents;
    ck_assert_uint_eq(contents.blocks.view().size(), 1);
    ck_assert_uint_eq(contents.blocks.total_bytes(), 9 * kPage);
    ck_assert(contents.left_out.empty());
    ck_assert(support::all_zero(read_memory(contents, 7 * kPage, 2 * kPage)));
    Bytes expected(kPage);
    support::put_bytes(expected, kPage, six_pages());
    expected.resize(9 * kPage);
    ck_assert(read_memory(contents, 0, 9 * kPage) == expected);
}
END_TEST

START_TEST(pages_that_share_the_zero_page_are_not_populated) {
    SmallKdump kdump = one_of_each();
    kdump.pages.insert(kdump.pages.begin(), SmallPage{.pfn = 0, .contents = {}});
    const KdumpFile file = must(read_kdump(in_memory(kdump.file())));
    const guest::RamExtent zeros = file.region->extent(0, 16 * kPage);
    ck_assert(!zeros.populated);
    ck_assert_uint_eq(zeros.length, 2 * kPage);
    const guest::RamExtent data = file.region->extent(2 * kPage + 5, 7 * kPage);
    ck_assert(data.populated);
    ck_assert_uint_eq(data.length, 5 * kPage - 5);
    const guest::RamExtent inside = file.region->extent(100, 200);
    ck_assert(!inside.populated);
    ck_assert_uint_eq(inside.length, 100);
}
END_TEST

START_TEST(notes_are_read_and_vmcoreinfo_beside_them_is_added) {
    SmallKdump kdump = one_of_each();
    kdump.notes = note("CORE", 1, Bytes(336));
    kdump.vmcoreinfo = "OSRELEASE=6.9.0\n";
    const auto vmcore = must(Vmcore::read(in_memory(kdump.file())));
    ck_assert_uint_eq(vmcore->vcpus().size(), 1);
    ck_assert(vmcore->guest_note().has_value());
    ck_assert(support::text_at(*vmcore->guest_note(), 24, 16) == "OSRELEASE=6.9.0\n");
}
END_TEST

START_TEST(fields_that_a_version_does_not_have_are_not_read) {
    for (const uint32_t version : {1u, 2u, 3u, 4u, 5u}) {
        SmallKdump kdump = one_of_each();
        kdump.version = version;
        const KdumpFile file = must(read_kdump(in_memory(kdump.file())));
        ck_assert_uint_eq(file.header.max_mapnr, 64);
        ck_assert_int_eq(file.contents.notes.empty(), version < 4);
        ck_assert(read_memory(file.contents, kPage, 6 * kPage) == six_pages());
    }
}
END_TEST

START_TEST(machine_is_told_by_prstatus_before_utsname) {
    SmallKdump kdump = one_of_each();
    kdump.notes = note("CORE", 1, Bytes(144));  // the size for i386, although QEMU writes x86_64
    ck_assert_uint_eq(must(read_kdump(in_memory(kdump.file()))).contents.machine.number, 3);
    kdump.notes = {};
    ck_assert_uint_eq(must(read_kdump(in_memory(kdump.file()))).contents.machine.number, 62);
    kdump.machine = "i586";
    ck_assert_uint_eq(must(read_kdump(in_memory(kdump.file()))).contents.machine.number, 3);
    kdump.notes = note("CORE", 1, Bytes(392));  // a size that no x86 has
    ck_assert_uint_eq(must(read_kdump(in_memory(kdump.file()))).contents.machine.number, 3);
}
END_TEST

/// The single warning for a file with this field, all of whose memory can be read.
std::string only_warning(const Patch& patch) {
    Bytes file = one_of_each().file();
    support::put_little(file, patch.at, patch.value, patch.size);
    const Contents contents = must(read_kdump(in_memory(file))).contents;
    ck_assert(read_memory(contents, kPage, 6 * kPage) == six_pages());
    ck_assert_uint_eq(contents.warnings.size(), 1);
    return contents.warnings[0];
}

START_TEST(one_odd_field_is_a_warning) {
    const Patch patches[] = {
        {8, 4, 7, "header version 7, 1 to 6 are known"},
        {8, 4, 0, "header version 0, 1 to 6 are known"},
        {8, 4, UINT32_MAX, "header version -1, 1 to 6 are known"},
        {460, 4, 7, "the header counts 7 vCPUs, there are notes of 1"},
        {SmallKdump::kSub + 48, 8, UINT64_MAX, "the notes of"},
        {SmallKdump::kSub + 56, 8, UINT64_MAX, "the notes of 18446744073709551615 bytes"},
        {SmallKdump::kSub + 40, 8, 1u << 30, "VMCOREINFO of 1073741824 bytes"},
    };
    for (const Patch& patch : patches) {
        const std::string warning = only_warning(patch);
        ck_assert_msg(warning.find(patch.error) != std::string::npos, "%s", warning.c_str());
    }
}
END_TEST

START_TEST(vmcoreinfo_without_bytes_may_be_anywhere) {
    Bytes file = one_of_each().file();
    put_le64(file, SmallKdump::kSub + 32, UINT64_MAX);  // offset_vmcoreinfo, size_vmcoreinfo is 0
    ck_assert(must(read_kdump(in_memory(file))).contents.warnings.empty());
}
END_TEST

START_TEST(incomplete_dump_opens_with_a_warning_and_misses_pages) {
    SmallKdump kdump = one_of_each();
    kdump.status = 8;
    Bytes file = kdump.file();
    put_le64(file, SmallKdump::kDescriptors + 24 * 5, 0);  // never written
    const Contents contents = must(read_kdump(in_memory(file))).contents;
    ck_assert_uint_eq(contents.warnings.size(), 1);
    Bytes page(kPage);
    must(contents.blocks.read(guest::Gpa{5 * kPage}, page));
    must_fail(contents.blocks.read(guest::Gpa{6 * kPage}, page),
              "the page at 0x6000 is not in the file");
}
END_TEST

START_TEST(file_of_a_split_set_is_refused) {
    Bytes file = one_of_each().file();
    put_le32(file, SmallKdump::kSub + 12, 1);
    put_le64(file, SmallKdump::kSub + 80, 0x10);
    put_le64(file, SmallKdump::kSub + 88, 0x20);
    must_fail(read_kdump(in_memory(file)),
              "one file of a split set, with the memory from 0x10000 to 0x1ffff");
}
END_TEST

START_TEST(headers_that_make_no_sense_are_told_with_their_numbers) {
    const Patch patches[] = {
        {428, 4, 8192, "block size 8192"},
        {428, 4, 0, "neither a 64-bit kdump header (block size 0)"},
        {432, 4, UINT32_MAX, "bitmaps of 8192 bytes at offset 17592186044416 ends beyond"},
        {436, 4, UINT32_MAX, "bitmaps of 17592186040320 bytes at offset 8192"},
        {436, 4, 1, "1 blocks of bitmaps are too few for max_mapnr 0x40"},
        {SmallKdump::kSub + 96, 8, 32769, "2 blocks of bitmaps are too few for max_mapnr 0x8001"},
        {SmallKdump::kSub + 96, 8, UINT64_MAX, "max_mapnr is 0xffffffffffffffff"},
    };
    for (const Patch& patch : patches) {
        Bytes file = one_of_each().file();
        support::put_little(file, patch.at, patch.value, patch.size);
        must_fail(read_kdump(in_memory(file)), patch.error);
        must_fail(read_kdump(in_memory(file)), "'memory.vmcore'");
    }
}
END_TEST

START_TEST(damaged_pages_fail_when_they_are_read) {
    constexpr uint64_t kThird = SmallKdump::kDescriptors + 24 * 2;  // page 3, zlib
    const Patch patches[] = {
        {kThird, 8, 1u << 30, "the page at 0x3000: 'memory.vmcore': its data of"},
        {kThird, 8, UINT64_MAX, "at offset 18446744073709551615 ends beyond"},
        {kThird + 8, 4, UINT32_MAX,
         "the page at 0x3000 is stored in 4294967295 bytes with flags 0x1"},
        {kThird + 8, 4, 0, "the page at 0x3000: the 0 bytes"},
        {kThird + 12, 4, 0, "with flags 0x0, a page has 4096"},
        {kThird + 12, 4, 2, "with flags 0x2 do not decompress"},
        {kThird + 12, 4, 4, "with flags 0x4 do not decompress"},
        {kThird + 12, 4, 0x20, "with flags 0x20 do not decompress"},
        {kThird + 12, 4, 3, "has flags 0x3, which is no known compression"},
    };
    for (const Patch& patch : patches) {
        Bytes file = one_of_each().file();
        support::put_little(file, patch.at, patch.value, patch.size);
        const Contents contents = must(read_kdump(in_memory(file))).contents;
        Bytes page(kPage), pages(3 * kPage);
        must_fail(contents.blocks.read(guest::Gpa{3 * kPage}, page), patch.error);
        must_fail(contents.blocks.read(guest::Gpa{2 * kPage}, pages), patch.error);
        must(contents.blocks.read(guest::Gpa{4 * kPage}, page));
    }
}
END_TEST

START_TEST(page_that_expands_to_another_size_is_refused) {
    for (const uint32_t flags : {1u, 2u, 4u, 0x20u}) {
        for (const size_t size : {kPage - 1, kPage + 1}) {
            SmallKdump kdump;
            kdump.pages = {{.pfn = 3, .flags = flags, .contents = Bytes(size, std::byte{7})}};
            const Contents contents = must(read_kdump(in_memory(kdump.file()))).contents;
            Bytes page(kPage);
            must_fail(contents.blocks.read(guest::Gpa{3 * kPage}, page),
                      "do not decompress to 4096 bytes");
        }
    }
}
END_TEST

START_TEST(more_pages_than_descriptors_are_refused) {
    SmallKdump kdump;
    Bytes file = kdump.file();
    for (uint64_t i = 0; i < 8; ++i) file[SmallKdump::kBitmap2 + i] = std::byte{0xff};
    file.resize(SmallKdump::kDescriptors + 24 * 63);
    must_fail(read_kdump(in_memory(file)), "the page descriptors of 1536 bytes at offset 16384");
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused_or_misses_its_last_page) {
    const Bytes whole = one_of_each().file();
    for (size_t size = 0; size < whole.size(); size += size < 500 ? 1 : 61) {
        const auto cut =
            in_memory(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
        const auto vmcore = Vmcore::read(cut);
        Bytes page(kPage);
        const std::string error =
            vmcore ? error_of((*vmcore)->blocks().read(guest::Gpa{6 * kPage}, page))
                   : error_of(vmcore);
        ck_assert_msg(error.find("'memory.vmcore'") != std::string::npos, "%s", error.c_str());
    }
}
END_TEST

/// Reads everything that is small enough.
void read_everything(const Vmcore& vmcore) {
    for (const guest::GuestPhysBlock& block : vmcore.contents().blocks.view()) {
        Bytes bytes(std::min<uint64_t>(block.range.size, 8 * kPage));
        const auto read = block.region->read(block.offset, bytes);
        if (!read) must_fail(read, "'memory.vmcore'");
    }
}

START_TEST(a_flipped_bit_never_does_harm) {
    const Bytes whole = one_of_each().file();
    for (size_t at = 0; at < whole.size(); ++at) {
        // Skips most bytes of page data, and zeros far from any field: flips there all have the
        // same effect.
        const auto next = support::View(whole).subspan(at, std::min<size_t>(64, whole.size() - at));
        if (support::all_zero(next) || (at > SmallKdump::kDescriptors + 200 && at % 101 != 0))
            continue;
        for (unsigned bit = 0; bit < 8; bit += 3) {
            Bytes file = whole;
            file[at] ^= static_cast<std::byte>(1u << bit);
            const auto vmcore = Vmcore::read(in_memory(std::move(file)));
            if (vmcore) read_everything(**vmcore);
        }
    }
}
END_TEST

}  // namespace

Suite* kdump_reader_suite() {
    return support::make_suite("kdump_reader",
                               {pages_of_every_compression_are_read_back,
                                any_part_of_pages_can_be_read,
                                classes_are_told_apart_where_max_mapnr_looks_like_a_page_size,
                                pages_may_lie_in_any_order_and_share_their_bytes,
                                cached_pages_are_not_taken_for_one_another,
                                threads_read_the_same_pages,
                                absent_pages_are_in_no_block,
                                pages_left_out_for_being_zero_are_zero_again,
                                pages_that_share_the_zero_page_are_not_populated,
                                notes_are_read_and_vmcoreinfo_beside_them_is_added,
                                fields_that_a_version_does_not_have_are_not_read,
                                machine_is_told_by_prstatus_before_utsname,
                                one_odd_field_is_a_warning,
                                vmcoreinfo_without_bytes_may_be_anywhere,
                                incomplete_dump_opens_with_a_warning_and_misses_pages,
                                file_of_a_split_set_is_refused,
                                headers_that_make_no_sense_are_told_with_their_numbers,
                                damaged_pages_fail_when_they_are_read,
                                page_that_expands_to_another_size_is_refused,
                                more_pages_than_descriptors_are_refused,
                                a_file_cut_anywhere_is_refused_or_misses_its_last_page,
                                a_flipped_bit_never_does_harm});
}

}  // namespace guestdump::vmcore
