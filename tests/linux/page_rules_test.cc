// SPDX-License-Identifier: GPL-2.0-or-later
/// Which class a page belongs to, by its struct page and those around it.
#include "tests/linux/filtering.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_rules_suite();

namespace {

using Page = MapGuest::Page;

START_TEST(a_kernels_own_pages_are_all_kept) {
    const MapGuest guest;
    const Outcome outcome = filtered(guest);
    ck_assert_msg(outcome.report.trusted, "%s", outcome.report.reason.c_str());
    ck_assert(outcome.lacking.empty());
    ck_assert_uint_eq(outcome.report.counts[PageClass::kept], MapGuest::kPages);
    ck_assert_uint_eq(outcome.report.excluded, 0);
}
END_TEST

START_TEST(each_class_goes_by_its_own_name) {
    MapGuest guest;
    guest.set_free(kFirst, 4);
    guest.set_cache(kFirst + 16);
    guest.set_cache(kFirst + 17, 0, MapGuest::kPrivate);
    guest.set_user(kFirst + 18);
    guest.count_free(16);
    check_lacking(guest, {}, {});
    check_lacking(guest, {.zero = true}, {});
    check_lacking(guest, {.free = true}, pages(kFirst, 16));
    check_lacking(guest, {.cache = true}, {kFirst + 16});
    check_lacking(guest, {.cache_private = true}, {kFirst + 16, kFirst + 17});
    check_lacking(guest, {.user = true}, {kFirst + 18});
    check_lacking(guest, kAll, pages(kFirst, 19));
    const Outcome outcome = filtered(guest, {.user = true});
    ck_assert_uint_eq(outcome.report.counts[PageClass::free], 16);
    ck_assert_uint_eq(outcome.report.counts[PageClass::cache], 1);
    ck_assert_uint_eq(outcome.report.counts[PageClass::cache_private], 1);
    ck_assert_uint_eq(outcome.report.counts[PageClass::user], 1);
    ck_assert_uint_eq(outcome.report.excluded, 1);
    ck_assert_uint_eq(outcome.report.free_by_kernel, 16);
}
END_TEST

START_TEST(pages_with_errors_and_offline_pages_always_go) {
    MapGuest guest;
    guest.set(kFirst, {.flags = MapGuest::kPoison});
    guest.set(kFirst + 1, {.mapcount = MapGuest::kOffline});
    guest.set_user(kFirst + 2, 0, MapGuest::kPoison);
    check_lacking(guest, {}, pages(kFirst, 3));
    const Outcome all = filtered(guest);
    ck_assert_uint_eq(all.report.counts[PageClass::hwpoison], 1);
    ck_assert_uint_eq(all.report.counts[PageClass::offline], 1);
    ck_assert_uint_eq(all.report.counts[PageClass::user], 1);
    ck_assert_uint_eq(filtered(guest, {}).report.counts[PageClass::hwpoison], 2);
}
END_TEST

START_TEST(offline_pages_stay_if_no_class_is_named_and_there_are_no_memory_errors) {
    MapGuest guest;
    guest.kernel().change("NUMBER(PG_hwpoison)", "X");
    guest.set(kFirst, {.mapcount = MapGuest::kOffline});
    check_lacking(guest, {}, {});
    check_lacking(guest, {.zero = true}, {});
    check_lacking(guest, {.cache = true}, {kFirst});
}
END_TEST

START_TEST(a_compound_page_goes_as_a_whole) {
    MapGuest guest;
    guest.set_user(kFirst, 9);
    guest.set_cache(kFirst + 512, 2);
    guest.set_compound(kFirst + 520, 3, {.mapcount = MapGuest::kHugetlb});
    guest.set_compound(kFirst + 528, 3, {.mapping = 1, .mapcount = MapGuest::kSlab});
    std::vector<uint64_t> expected = pages(kFirst, 512 + 4);
    for (uint64_t i = 0; i < 8; ++i) expected.push_back(kFirst + 520 + i);
    check_lacking(guest, kAll, expected);
}
END_TEST

START_TEST(the_page_of_a_tail_with_an_error_goes_alone) {
    MapGuest guest;
    guest.set_user(kFirst, 3);
    guest.set(kFirst + 5,
              {.flags = MapGuest::kPoison, .compound_head = (MapGuest::kMap + kFirst * 64) | 1});
    check_lacking(guest, {.free = true}, {kFirst + 5});
    check_lacking(guest, {.user = true}, pages(kFirst, 8));
}
END_TEST

START_TEST(a_free_block_with_a_page_in_use_is_kept_up_to_it) {
    const Page in_use[] = {
        {.refcount = 1}, {.flags = MapGuest::kLru, .refcount = 0}, {.mapcount = 0, .refcount = 0}};
    for (const Page& page : in_use) {
        MapGuest guest;
        guest.set_free(kFirst, 4);
        guest.set(kFirst + 7, page);
        guest.set_free(kFirst + 8, 3);
        guest.count_free(8);
        const bool is_cache = page.flags == MapGuest::kLru;
        std::vector<uint64_t> expected = pages(kFirst + 8, 8);
        if (is_cache) expected.insert(expected.begin(), kFirst + 7);
        check_lacking(guest, kAll, expected);
        ck_assert_uint_eq(filtered(guest).report.rejected, 1);
    }
}
END_TEST

START_TEST(a_free_block_that_cannot_be_is_kept) {
    MapGuest guest;
    guest.set_free(kFirst + 2, 3);  // not aligned
    guest.set(kFirst + 1024, {.private_data = 11, .mapcount = MapGuest::kBuddy, .refcount = 0});
    guest.set(kFirst + 2048,
              {.private_data = UINT64_MAX, .mapcount = MapGuest::kBuddy, .refcount = 0});
    guest.set(kFirst + 2050, {.mapcount = MapGuest::kBuddy, .refcount = 1});  // in use
    check_lacking(guest, kAll, {});
    ck_assert_uint_eq(filtered(guest).report.rejected, 4);
}
END_TEST

START_TEST(a_compound_page_without_tails_is_kept_up_to_there) {
    MapGuest guest;
    guest.set_user(kFirst, 9);
    guest.set(kFirst + 100, {});
    guest.set_user(kFirst + 101);
    check_lacking(guest, kAll, {kFirst + 101});
}
END_TEST

START_TEST(an_order_that_does_not_fit_is_that_of_a_single_page) {
    for (const uint64_t order : {19u, 63u, 64u, 255u, 4u}) {
        MapGuest guest;
        guest.set_user(kFirst + 8, 1);
        guest.set(kFirst + 9,
                  {.flags = order, .compound_head = (MapGuest::kMap + (kFirst + 8) * 64) | 1});
        check_lacking(guest, kAll, {kFirst + 8});
    }
}
END_TEST

START_TEST(anonymous_pages_with_a_type_are_kept) {
    MapGuest guest;
    for (uint32_t type = 0xf0; type <= 0xff; ++type)
        guest.set(kFirst + type, {.mapping = 1, .mapcount = type << 24 | 0x40, .refcount = 1});
    // Only offline pages are left out. (A free page that is in use contradicts itself.)
    check_lacking(guest, kAll, {kFirst + 0xf1});
}
END_TEST

START_TEST(fake_heads_of_hugetlb_pages_are_tails) {
    MapGuest guest;
    const Page head{.flags = MapGuest::kPoison, .mapcount = MapGuest::kHugetlb};
    guest.set_compound(kFirst, 9, head);
    // The struct pages from 64 on are further mappings of struct pages 0 to 63.
    for (uint64_t i = 64; i < 512; i += 64) {
        guest.set_compound(kFirst + i, 6, head);
        for (uint64_t k = 1; k < 64; ++k) {
            guest.set(kFirst + i + k, {.flags = k == 1 ? 9u : 0u,
                                       .compound_head = (MapGuest::kMap + kFirst * 64) | 1});
        }
    }
    check_lacking(guest, {.user = true}, pages(kFirst, 512));
    ck_assert_uint_eq(filtered(guest).report.rejected, 0);
    // They are judged alone, and not as a part of the block before them.
    guest.set(kFirst, {});
    check_lacking(guest, {.user = true}, {});
}
END_TEST

START_TEST(memory_that_was_not_accepted_goes_in_largest_blocks) {
    MapGuest guest;
    for (uint64_t i = 0; i < 1024; ++i) guest.set(kFirst + i, {.refcount = 0});
    guest.set(kFirst, {.private_data = 77, .mapcount = MapGuest::kUnaccepted, .refcount = 0});
    check_lacking(guest, {.free = true}, pages(kFirst, 1024));
    ck_assert_uint_eq(filtered(guest).report.counts[PageClass::unaccepted], 1024);
}
END_TEST

START_TEST(swap_cache_is_told_from_what_shares_its_bit) {
    MapGuest guest;
    guest.set(kFirst, {.flags = MapGuest::kSwapCache});
    guest.set(kFirst + 1, {.flags = MapGuest::kSwapCache | MapGuest::kSwapBacked});
    guest.set(kFirst + 2, {.flags = MapGuest::kSwapCache | MapGuest::kSwapBacked, .mapping = 1});
    check_lacking(guest, {.cache = true}, {kFirst + 1});
    check_lacking(guest, {.user = true}, {kFirst + 2});
}
END_TEST

}  // namespace

Suite* page_rules_suite() {
    return support::make_suite(
        "page_rules", {
                          a_kernels_own_pages_are_all_kept,
                          each_class_goes_by_its_own_name,
                          pages_with_errors_and_offline_pages_always_go,
                          offline_pages_stay_if_no_class_is_named_and_there_are_no_memory_errors,
                          a_compound_page_goes_as_a_whole,
                          the_page_of_a_tail_with_an_error_goes_alone,
                          a_free_block_with_a_page_in_use_is_kept_up_to_it,
                          a_free_block_that_cannot_be_is_kept,
                          a_compound_page_without_tails_is_kept_up_to_there,
                          an_order_that_does_not_fit_is_that_of_a_single_page,
                          anonymous_pages_with_a_type_are_kept,
                          fake_heads_of_hugetlb_pages_are_tails,
                          memory_that_was_not_accepted_goes_in_largest_blocks,
                          swap_cache_is_told_from_what_shares_its_bit,
                      });
}

}  // namespace guestdump::linux_guest
