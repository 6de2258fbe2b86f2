// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/inspect/verify.h"
#include "vmcore/vmcore.h"

/// Files that were cut off or never completed, opened as far as they go.

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;
using support::must;
using support::must_fail;
using support::noise;
using support::put_le64;

Suite* partial_suite();

namespace {

constexpr uint64_t kPage = 4096;

GpaRange range(uint64_t start, uint64_t size) {
    return {Gpa{start}, size};
}

Bytes first(const Bytes& file, uint64_t size) {
    return Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
}

std::unique_ptr<Vmcore> opened(Bytes file) {
    return must(Vmcore::read(in_memory(std::move(file)), {.partial = true}));
}

bool warns(const Vmcore& vmcore, std::string_view part) {
    const std::vector<std::string>& warnings = vmcore.contents().warnings;
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
        return warning.find(part) != std::string::npos;
    });
}

/// Checks that all memory in the file can be read.
void check_readable(const Vmcore& vmcore) {
    for (const guest::GuestPhysBlock& block : vmcore.contents().blocks.view()) {
        Bytes bytes(block.range.size);
        must(block.region->read(block.offset, bytes));
    }
}

/// Two blocks of four pages each.
SmallElf two_loads() {
    return {.loads = {{.paddr = 0, .contents = noise(1, 4 * kPage)},
                      {.paddr = 0x100000, .contents = noise(2, 4 * kPage)}}};
}

/// Pages 0 to 15 with different bytes.
SmallKdump sixteen_pages() {
    SmallKdump kdump;
    for (uint64_t pfn = 0; pfn < 16; ++pfn)
        kdump.pages.push_back({.pfn = pfn, .flags = 1, .contents = noise(pfn, kPage / 2)});
    for (SmallPage& page : kdump.pages) page.contents.resize(kPage);
    return kdump;
}

START_TEST(cut_elf_has_whole_pages_and_says_what_is_missing) {
    const Bytes whole = two_loads().file();
    // Removes the last page and 100 bytes of the one before.
    const auto vmcore = opened(first(whole, whole.size() - kPage - 100));
    const RangeList blocks = ranges_of(vmcore->contents().blocks);
    ck_assert(blocks == RangeList({range(0, 4 * kPage), range(0x100000, 2 * kPage)}));
    ck_assert(vmcore->contents().missing == RangeList({range(0x102000, 2 * kPage)}));
    ck_assert(warns(*vmcore, "0x2000 bytes of memory are missing, from address 0x102000 on"));
    check_readable(*vmcore);
}
END_TEST

START_TEST(cut_elf_is_refused_with_the_option_that_takes_it) {
    const Bytes whole = two_loads().file();
    const Bytes cut = first(whole, whole.size() - 1);
    must_fail(Vmcore::read(in_memory(cut)), "PT_LOAD of 16384 bytes");
    must_fail(Vmcore::read(in_memory(cut)), "`guestdump convert --partial`");
    must_fail(Vmcore::read(in_memory(cut)), "ends beyond the file");
}
END_TEST

START_TEST(memory_that_another_load_has_is_not_missing) {
    SmallElf elf = two_loads();
    elf.loads.push_back({.paddr = 0x100000, .contents = noise(2, 4 * kPage)});
    const Bytes whole = elf.file();
    const auto vmcore = opened(first(whole, whole.size() - 100));
    ck_assert(vmcore->contents().missing.empty());
    ck_assert(vmcore->contents().warnings.empty());
}
END_TEST

START_TEST(elf_cut_before_its_memory_is_described_all_the_same) {
    const SmallElf elf = two_loads();
    const uint64_t notes = elf.program_headers() + 3 * 56;
    const auto vmcore = opened(first(elf.file(), notes + elf.notes.size()));
    ck_assert(vmcore->contents().blocks.empty());
    ck_assert_uint_eq(total_bytes(vmcore->contents().missing), 8 * kPage);
    ck_assert_uint_eq(vmcore->vcpus().size(), 1);
    const auto in_notes = opened(first(elf.file(), notes + 400));
    ck_assert(warns(*in_notes, "bytes of notes are missing"));
    const auto in_headers = opened(first(elf.file(), notes - 1));
    ck_assert(warns(*in_headers, "1 program headers are missing"));
}
END_TEST

START_TEST(cut_kdump_lacks_the_pages_beyond_its_end) {
    const Bytes whole = sixteen_pages().file();
    const auto vmcore = opened(first(whole, whole.size() - 3 * (kPage / 2)));
    const RangeList& missing = vmcore->contents().missing;
    ck_assert_uint_eq(missing.size(), 1);
    ck_assert_uint_eq(missing[0].last(), 16 * kPage - 1);
    ck_assert_uint_ge(missing[0].start.value, 12 * kPage);
    ck_assert_uint_eq(total_bytes(missing) + vmcore->contents().blocks.total_bytes(), 16 * kPage);
    check_readable(*vmcore);
}
END_TEST

START_TEST(kdump_cut_in_its_descriptors_lacks_the_rest) {
    const Bytes whole = sixteen_pages().file();
    const Bytes cut = first(whole, SmallKdump::kDescriptors + 5 * 24 + 7);
    must_fail(Vmcore::read(in_memory(cut)), "the page descriptors of 384 bytes");
    const auto vmcore = opened(cut);
    ck_assert(vmcore->contents().blocks.empty());  // no page's data is there
    ck_assert(vmcore->contents().missing == RangeList({range(0, 16 * kPage)}));
}
END_TEST

START_TEST(pages_that_an_incomplete_dump_never_wrote_are_missing) {
    SmallKdump kdump = sixteen_pages();
    kdump.status = 1 | 8;
    Bytes file = kdump.file();
    for (uint64_t i = 8; i < 16; ++i) put_le64(file, SmallKdump::kDescriptors + 24 * i, 0);
    const auto vmcore = opened(file);
    ck_assert(vmcore->contents().missing == RangeList({range(8 * kPage, 8 * kPage)}));
    ck_assert(warns(*vmcore, "0x8000 bytes of memory are missing, from address 0x8000 on"));
    check_readable(*vmcore);

    Bytes page(kPage);
    const auto whole = must(Vmcore::read(in_memory(file)));
    must_fail(whole->blocks().read(Gpa{8 * kPage}, page), "; `guestdump convert --partial`");
}
END_TEST

START_TEST(cut_flattened_file_is_what_its_records_give) {
    const Bytes whole = flattened(two_loads().file(), kPage);
    const auto no_end = opened(first(whole, whole.size() - 16));
    ck_assert(no_end->contents().missing.empty());
    ck_assert(warns(*no_end, "the flattened file was cut off: it has no end record"));
    must_fail(Vmcore::read(in_memory(first(whole, whole.size() - 16))), "--partial");

    const auto cut = opened(first(whole, whole.size() - 3000));
    ck_assert(cut->flattened());
    ck_assert(cut->contents().missing == RangeList({range(0x103000, kPage)}));
    check_readable(*cut);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_read_as_far_as_it_goes) {
    for (const Bytes& whole :
         {two_loads().file(), sixteen_pages().file(), flattened(two_loads().file(), 1000),
          flattened(sixteen_pages().file(), 1000)}) {
        for (size_t size = 0; size < whole.size(); size += size < 500 ? 7 : 331) {
            const auto vmcore = Vmcore::read(in_memory(first(whole, size)), {.partial = true});
            if (!vmcore) {
                must_fail(vmcore, "'memory.vmcore'");
                continue;
            }
            check_readable(**vmcore);
            const RangeList blocks = ranges_of((*vmcore)->contents().blocks);
            ck_assert(common_ranges(blocks, (*vmcore)->contents().missing).empty());
        }
    }
}
END_TEST

START_TEST(whole_files_are_the_same_opened_in_part) {
    for (const Bytes& whole : {two_loads().file(), sixteen_pages().file()}) {
        const auto vmcore = opened(whole);
        ck_assert(vmcore->contents().missing.empty());
        ck_assert(vmcore->contents().warnings.empty());
        ck_assert(verify(*vmcore, 2).good());
    }
}
END_TEST

START_TEST(info_and_verify_report_what_is_missing) {
    const Bytes whole = two_loads().file();
    const auto vmcore = opened(first(whole, whole.size() - kPage));
    const qapi::VmcoreInfo info = must(describe(*vmcore, "some.file"));
    ck_assert(info.missing == kPage && info.missing_from == 0x103000);
    const Verification result = verify(*vmcore, 2);
    ck_assert(!result.good());
    ck_assert_uint_eq(result.bad_pages, 0);
    ck_assert(!must(describe(*opened(whole), "some.file")).missing.has_value());
}
END_TEST

}  // namespace

Suite* partial_suite() {
    return support::make_suite(
        "partial",
        {cut_elf_has_whole_pages_and_says_what_is_missing,
         cut_elf_is_refused_with_the_option_that_takes_it,
         memory_that_another_load_has_is_not_missing,
         elf_cut_before_its_memory_is_described_all_the_same,
         cut_kdump_lacks_the_pages_beyond_its_end, kdump_cut_in_its_descriptors_lacks_the_rest,
         pages_that_an_incomplete_dump_never_wrote_are_missing,
         cut_flattened_file_is_what_its_records_give, a_file_cut_anywhere_is_read_as_far_as_it_goes,
         whole_files_are_the_same_opened_in_part, info_and_verify_report_what_is_missing});
}

}  // namespace guestdump::vmcore
