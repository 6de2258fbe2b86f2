// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_sharing.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

using support::must;

Suite* page_sharing_suite();

namespace {

constexpr uint64_t kCapacity = 4 * SharingTable::kLead;  ///< of a table for few pages

/// Well mixed, and different for each @n.
uint64_t hash_of(uint64_t n) {
    return (n + 1) * 0x9e3779b97f4a7c15;
}

START_TEST(a_page_is_found_by_its_hash_and_told_where_it_is_stored) {
    auto table = must(SharingTable::make(1));
    ck_assert(!table.find(hash_of(1)));
    const uint32_t position = table.remember(hash_of(1), 0x123456789);
    table.set_stored(position, {1000, 77});
    const auto match = table.find(hash_of(1));
    ck_assert(match && match->position == position);
    ck_assert_uint_eq(match->pfn, 0x123456789);
    ck_assert(table.stored(match->position) == (StoredPage{1000, 77}));
    ck_assert(!table.find(hash_of(2)));
}
END_TEST

START_TEST(a_hash_of_zero_is_one_like_others) {
    auto table = must(SharingTable::make(1));
    ck_assert(!table.find(0));
    table.remember(0, 5);
    ck_assert_uint_eq(table.find(0).value().pfn, 5);
}
END_TEST

START_TEST(hashes_that_share_a_bucket_and_a_tag_are_told_apart) {
    auto table = must(SharingTable::make(1));
    const uint64_t first = 0xabcdef0100000007, second = first + (uint64_t{1} << 28);
    table.remember(first, 1);
    ck_assert(!table.find(second));
    table.remember(second, 2);
    ck_assert_uint_eq(table.find(first).value().pfn, 1);
    ck_assert_uint_eq(table.find(second).value().pfn, 2);
}
END_TEST

START_TEST(the_latest_of_equal_hashes_is_found) {
    auto table = must(SharingTable::make(1));
    table.remember(hash_of(1), 1);
    table.remember(hash_of(1), 2);
    ck_assert_uint_eq(table.find(hash_of(1)).value().pfn, 2);
}
END_TEST

START_TEST(a_page_is_forgotten_before_its_place_is_needed) {
    auto table = must(SharingTable::make(1));
    table.remember(hash_of(0), 0);
    for (uint64_t n = 1; n < kCapacity - SharingTable::kLead; ++n) table.remember(hash_of(n), n);
    ck_assert(table.find(hash_of(0)));
    table.remember(hash_of(kCapacity), 1);
    ck_assert(!table.find(hash_of(0)));
    ck_assert(table.find(hash_of(1)));
}
END_TEST

START_TEST(most_of_what_fits_is_found_again) {
    auto table = must(SharingTable::make(1));
    const uint64_t many = 10 * kCapacity;
    for (uint64_t n = 0; n < many; ++n) table.remember(hash_of(n), n);
    uint64_t found = 0;
    for (uint64_t n = many - kCapacity / 2; n < many; ++n) {
        const auto match = table.find(hash_of(n));
        if (match) ck_assert_uint_eq(match->pfn, n);
        found += match.has_value();
    }
    ck_assert_uint_gt(found, kCapacity / 2 * 99 / 100);
}
END_TEST

}  // namespace

Suite* page_sharing_suite() {
    return support::make_suite("page_sharing",
                               {
                                   a_page_is_found_by_its_hash_and_told_where_it_is_stored,
                                   a_hash_of_zero_is_one_like_others,
                                   hashes_that_share_a_bucket_and_a_tag_are_told_apart,
                                   the_latest_of_equal_hashes_is_found,
                                   a_page_is_forgotten_before_its_place_is_needed,
                                   most_of_what_fits_is_found_again,
                               });
}

}  // namespace guestdump::dump
