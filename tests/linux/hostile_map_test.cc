// SPDX-License-Identifier: GPL-2.0-or-later
#include <random>

#include "tests/linux/map_edits.h"
#include "tests/linux/naive_filter.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* hostile_map_suite();

namespace {

MapEdit random_edit(std::mt19937_64& random, uint8_t kind) {
    return {.kind = kind,
            .small = static_cast<uint8_t>(random()),
            .place = static_cast<uint16_t>(random()),
            .value = random()};
}

/// Filters many guests, each with @edits changes of the kinds @kinds. Returns the number of maps
/// that were trusted.
int check_guests(uint64_t seed, int guests, int edits, std::initializer_list<uint8_t> kinds) {
    std::mt19937_64 random(seed);
    int believed = 0;
    for (int round = 0; round < guests; ++round) {
        MapGuest guest;
        for (int i = 0; i < edits; ++i)
            apply(random_edit(random, std::data(kinds)[random() % kinds.size()]), guest);
        const auto level = static_cast<unsigned>(random() % 3 ? 31 : random() % 32);
        bool trusted = false;
        const char* const fault =
            disagreement(guest, level, 1 + round % 3, random() % 8 != 0, trusted);
        ck_assert_msg(!fault, "seed %ju, round %d, level %u: %s", static_cast<uintmax_t>(seed),
                      round, level, fault);
        believed += trusted;
    }
    return believed;
}

START_TEST(random_uses_of_pages_are_judged_as_by_the_rules) {
    ck_assert_int_gt(check_guests(1, 12, 200,
                                  {MapEdit::free_block, MapEdit::user_pages, MapEdit::cache_pages,
                                   MapEdit::poisoned}),
                     6);
}
END_TEST

START_TEST(random_struct_pages_lose_no_page_outside_of_the_rules) {
    ck_assert_int_gt(check_guests(2, 15, 12,
                                  {MapEdit::field, MapEdit::noise_pages, MapEdit::free_block,
                                   MapEdit::user_pages, MapEdit::cpu}),
                     4);
}
END_TEST

START_TEST(sections_that_are_others_or_none_lose_no_page_outside_of_the_rules) {
    ck_assert_int_gt(check_guests(3, 15, 30,
                                  {MapEdit::section, MapEdit::free_block, MapEdit::user_pages,
                                   MapEdit::cache_pages}),
                     2);
}
END_TEST

START_TEST(page_tables_that_loop_or_lead_outside_lose_no_page_outside_of_the_rules) {
    ck_assert_int_gt(check_guests(4, 20, 30,
                                  {MapEdit::table_entry, MapEdit::free_block, MapEdit::user_pages,
                                   MapEdit::cache_pages, MapEdit::cpu}),
                     2);
}
END_TEST

START_TEST(absurd_numbers_in_vmcoreinfo_lose_no_page_outside_of_the_rules) {
    ck_assert_int_gt(check_guests(5, 40, 6,
                                  {MapEdit::vmcoreinfo, MapEdit::free_block, MapEdit::user_pages,
                                   MapEdit::cache_pages, MapEdit::noise_pages}),
                     2);
}
END_TEST

START_TEST(all_of_this_together_loses_no_page_outside_of_the_rules) {
    check_guests(6, 20, 30, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}
END_TEST

/// Struct pages with every combination of relevant flags, types and anonymity.
START_TEST(every_combination_of_flags_and_types_is_judged_as_by_the_rules) {
    constexpr uint64_t kFlags[] = {MapGuest::kLru,        MapGuest::kPrivate, MapGuest::kSwapCache,
                                   MapGuest::kSwapBacked, MapGuest::kPoison,  MapGuest::kHead};
    constexpr uint32_t kTypes[] = {
        0xffffffff, 0, MapGuest::kOffline, MapGuest::kTable, MapGuest::kHugetlb, MapGuest::kSlab};
    MapGuest guest;
    uint64_t pfn = MapGuest::kSectionPages;
    for (uint64_t combination = 0; combination < 64; ++combination) {
        MapGuest::Page page;
        for (size_t i = 0; i < 6; ++i) page.flags |= combination >> i & 1 ? kFlags[i] : 0;
        for (const uint32_t type : kTypes) {
            for (const uint64_t mapping : {0, 1, 2, 3}) {
                page.mapcount = type;
                page.mapping = 0xffff888001234500 | mapping;
                guest.set(pfn++, page);
            }
        }
    }
    for (const unsigned level : {0, 1, 2, 4, 8, 16, 31}) {
        bool trusted = false;
        const char* const fault = disagreement(guest, level, 1, false, trusted);
        ck_assert_msg(!fault && trusted, "level %u: %s", level, fault ? fault : "not trusted");
    }
}
END_TEST

START_TEST(orders_of_all_sizes_are_judged_as_by_the_rules) {
    for (const uint64_t order : {0, 1, 5, 9, 10, 11, 12, 18, 31, 63}) {
        MapGuest guest;
        const uint64_t pfn = MapGuest::kSectionPages;
        for (uint64_t i = 0; i < 4096; ++i) guest.set(pfn + i, {.refcount = 0});
        guest.set(pfn, {.private_data = order, .mapcount = MapGuest::kBuddy, .refcount = 0});
        guest.count_free(order < 11 ? uint64_t{1} << order : 0);
        bool trusted = false;
        const char* const fault = disagreement(guest, 31, 1, false, trusted);
        ck_assert_msg(!fault && trusted, "order %ju: %s", static_cast<uintmax_t>(order), fault);
    }
}
END_TEST

}  // namespace

Suite* hostile_map_suite() {
    return support::make_suite(
        "hostile_map", {
                           random_uses_of_pages_are_judged_as_by_the_rules,
                           random_struct_pages_lose_no_page_outside_of_the_rules,
                           sections_that_are_others_or_none_lose_no_page_outside_of_the_rules,
                           page_tables_that_loop_or_lead_outside_lose_no_page_outside_of_the_rules,
                           absurd_numbers_in_vmcoreinfo_lose_no_page_outside_of_the_rules,
                           all_of_this_together_loses_no_page_outside_of_the_rules,
                           every_combination_of_flags_and_types_is_judged_as_by_the_rules,
                           orders_of_all_sizes_are_judged_as_by_the_rules,
                       });
}

}  // namespace guestdump::linux_guest
