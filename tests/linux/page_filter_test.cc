// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/page_filter.h"

#include "target-i386/cpu.h"
#include "tests/linux/filtering.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_filter_suite();

namespace {

using support::must;

START_TEST(sections_without_struct_pages_are_kept) {
    for (const uint64_t map : {uint64_t{0}, MapGuest::kMap | 1, MapGuest::kMap | 2,
                               MapGuest::kMap | 3, MapGuest::kMap | 6}) {
        MapGuest guest;
        guest.set_user(kFirst);
        guest.put_section(1, map);
        check_lacking(guest, kAll, {});
        ck_assert_uint_eq(filtered(guest).report.uncovered, 4096);
    }
}
END_TEST

START_TEST(all_low_bits_of_a_sections_map_are_flags) {
    MapGuest guest;
    guest.set_user(kFirst);
    guest.put_section(1, MapGuest::kMap | 0xfff);
    check_lacking(guest, kAll, {kFirst});
}
END_TEST

START_TEST(pages_whose_struct_is_not_mapped_are_kept) {
    MapGuest guest;
    for (uint64_t i = 0; i < 300; ++i) guest.set_user(kFirst + i);
    guest.kernel().unmap(MapGuest::kMap + (kFirst + 64) * 64);
    guest.kernel().map(MapGuest::kMap + (kFirst + 128) * 64, 0x70000000);  // not memory
    std::vector<uint64_t> expected = pages(kFirst, 64);
    for (uint64_t i = 192; i < 300; ++i) expected.push_back(kFirst + i);
    check_lacking(guest, kAll, expected);
    ck_assert_uint_eq(filtered(guest).report.unmapped, 128);
}
END_TEST

START_TEST(struct_pages_that_were_never_written_are_not_read) {
    MapGuest guest;
    guest.set_user(kFirst);
    const uint64_t at = MapGuest::kMapPhys + (kFirst + 64) * 64;
    for (uint64_t i = 0; i < 64; ++i) guest.set(kFirst + 64 + i, {.mapcount = 0, .refcount = 0});
    guest.ram().make_hole(at - TestKernel::kTablesEnd, 4096);  // reading it fails the test
    check_lacking(guest, kAll, {kFirst});
}
END_TEST

START_TEST(the_table_of_sections_may_be_behind_a_pointer) {
    MapGuest guest;
    guest.set_user(kFirst);
    guest.put64(MapGuest::kText + 0x6000, MapGuest::kRoots);
    guest.kernel().change("SYMBOL(mem_section)=ffffffff81003000",
                          "SYMBOL(mem_section)=ffffffff81006000");
    check_lacking(guest, kAll, {kFirst});
}
END_TEST

START_TEST(one_array_of_struct_pages_is_used_where_there_are_no_sections) {
    MapGuest guest;
    guest.set_user(kFirst);
    guest.put64(MapGuest::kText + 0x6000, MapGuest::kMap);
    guest.kernel().change("SYMBOL(mem_section)=ffffffff81003000",
                          "SYMBOL(mem_map)=ffffffff81006000");
    check_lacking(guest, kAll, {kFirst});
}
END_TEST

START_TEST(the_first_mebibyte_is_kept) {
    MapGuest guest;
    for (const uint64_t pfn : {0, 1, 255, 256}) guest.set_user(pfn);
    check_lacking(guest, {.cache = true}, {});
    guest.set(256, {});
    guest.set_user(kFirst);
    check_lacking(guest, kAll, {kFirst});
}
END_TEST

START_TEST(the_pages_of_symbols_are_kept) {
    MapGuest guest;
    guest.set_user(0x201);  // init_uts_ns
    guest.set_user(0x20f);
    check_lacking(guest, kAll, {0x20f});
}
END_TEST

START_TEST(a_set_that_was_clipped_loses_only_what_it_has) {
    MapGuest guest;
    guest.set_free(kFirst, 4);
    guest.count_free(16);
    guest::PageSet set = guest.all_pages();
    set.keep({kFirst + 5, kFirst + 20});
    const PageFilterReport report = must(guest.filter(kAll, set));
    ck_assert_uint_eq(set.count(), 4);
    ck_assert_uint_eq(report.excluded, 11);
    ck_assert_uint_eq(report.counts[PageClass::free], 16);
}
END_TEST

START_TEST(pages_that_a_file_lacks_are_judged_by_their_struct_pages) {
    MapGuest guest;
    guest.set_free(kFirst, 4);
    guest.set_user(kFirst + 16);
    guest.count_free(16);
    const guest::GpaRange lacks{guest::Gpa{kFirst * 4096}, 12 * 4096};
    const guest::GuestPhysBlockList blocks = guest.kernel().memory().blocks();
    guest::GuestPhysBlockList left = blocks.clip({guest::Gpa{0}, lacks.start.value});
    const auto rest = blocks.clip({guest::Gpa{lacks.last() + 1}, uint64_t{1} << 40});
    for (const guest::GuestPhysBlock& block : rest.view()) must(left.add(block));
    const guest::RamSource source(left);
    const Vmcoreinfo vmcoreinfo = guest.kernel().vmcoreinfo();
    const std::vector cpus{target_i386::make_cpu(guest.first_cpu)};
    guest::PageSet set = guest::PageSet::of(left, 4096);
    const PageFilterReport report = must(filter_pages({.memory = source,
                                                       .arch = guest::ArchDumpInfo(),
                                                       .cpus = cpus,
                                                       .vmcoreinfo = vmcoreinfo,
                                                       .left_out = std::span(&lacks, 1),
                                                       .vmcoreinfo_at = {},
                                                       .cancellation = util::Cancellation(),
                                                       .progress = {}},
                                                      kAll, set));
    ck_assert_msg(report.trusted, "%s", report.reason.c_str());
    ck_assert_uint_eq(report.counts[PageClass::free], 16);
    ck_assert_uint_eq(report.excluded, 5);
    ck_assert_uint_eq(set.count(), MapGuest::kPages - 12 - 5);
}
END_TEST

START_TEST(the_result_is_the_same_for_any_number_of_threads) {
    MapGuest guest;
    for (uint64_t i = 0; i < 1000; ++i) guest.set_user(kFirst + 2 * i);
    for (const unsigned threads : {1u, 2u, 3u, 8u})
        ck_assert(filtered(guest, kAll, threads).lacking == filtered(guest).lacking);
}
END_TEST

START_TEST(a_cancelled_filter_changes_nothing) {
    MapGuest guest;
    guest.set_user(kFirst);
    const guest::RamSource source = guest.kernel().memory().source();
    const Vmcoreinfo vmcoreinfo = guest.kernel().vmcoreinfo();
    const std::vector cpus{target_i386::make_cpu(guest.first_cpu)};
    util::Cancellation cancellation;
    guest::PageSet set = guest.all_pages();
    uint64_t calls = 0;
    const PageFilterInput input{.memory = source,
                                .arch = guest::ArchDumpInfo(),
                                .cpus = cpus,
                                .vmcoreinfo = vmcoreinfo,
                                .left_out = {},
                                .vmcoreinfo_at = {},
                                .cancellation = cancellation,
                                .progress = [&](uint64_t done, uint64_t total) {
                                    ++calls;
                                    ck_assert_uint_eq(done, MapGuest::kPages);
                                    ck_assert_uint_eq(total, MapGuest::kPages);
                                }};
    ck_assert(must(filter_pages(input, kAll, set)).trusted);
    ck_assert_uint_eq(calls, 1);
    cancellation.cancel();
    set = guest.all_pages();
    support::must_fail(filter_pages(input, kAll, set), "cancelled");
    ck_assert_uint_eq(set.count(), MapGuest::kPages);
}
END_TEST

START_TEST(a_running_guests_counts_are_not_compared) {
    MapGuest guest;
    guest.set_free(kFirst, 10);
    const guest::RamSource source = guest.kernel().memory().source();
    const Vmcoreinfo vmcoreinfo = guest.kernel().vmcoreinfo();
    const std::vector cpus{target_i386::make_cpu(guest.first_cpu)};
    const PageFilterReport report = must(count_pages({.memory = source,
                                                      .arch = guest::ArchDumpInfo(),
                                                      .cpus = cpus,
                                                      .vmcoreinfo = vmcoreinfo,
                                                      .left_out = {},
                                                      .vmcoreinfo_at = {},
                                                      .running = true,
                                                      .cancellation = util::Cancellation(),
                                                      .progress = {}}));
    ck_assert(report.trusted);
    ck_assert_uint_eq(report.counts[PageClass::free], 1024);
}
END_TEST

}  // namespace

Suite* page_filter_suite() {
    return support::make_suite("page_filter",
                               {
                                   sections_without_struct_pages_are_kept,
                                   all_low_bits_of_a_sections_map_are_flags,
                                   pages_whose_struct_is_not_mapped_are_kept,
                                   struct_pages_that_were_never_written_are_not_read,
                                   the_table_of_sections_may_be_behind_a_pointer,
                                   one_array_of_struct_pages_is_used_where_there_are_no_sections,
                                   the_first_mebibyte_is_kept,
                                   the_pages_of_symbols_are_kept,
                                   a_set_that_was_clipped_loses_only_what_it_has,
                                   pages_that_a_file_lacks_are_judged_by_their_struct_pages,
                                   the_result_is_the_same_for_any_number_of_threads,
                                   a_cancelled_filter_changes_nothing,
                                   a_running_guests_counts_are_not_compared,
                               });
}

}  // namespace guestdump::linux_guest
