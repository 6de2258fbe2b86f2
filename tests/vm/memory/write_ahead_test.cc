// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/write_ahead.h"

#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* write_ahead_suite();

namespace {

START_TEST(a_writer_that_comes_to_the_end_of_what_was_served_gets_twice_as_much) {
    WriteAhead ahead;
    uint64_t page = 1000;
    for (const uint64_t expected : {1, 2, 4, 8, 16, 32, 64, 64, 64}) {
        ck_assert_uint_eq(ahead.pages_from(page), expected);
        page += expected;
        ahead.served(page);
    }
}
END_TEST

START_TEST(a_writer_that_was_served_less_is_expected_at_the_end_of_that) {
    WriteAhead ahead;
    ck_assert_uint_eq(ahead.pages_from(10), 1);
    ahead.served(11);
    ck_assert_uint_eq(ahead.pages_from(11), 2);
    ahead.served(12);  // the next page could not be served
    ck_assert_uint_eq(ahead.pages_from(13), 1);
    ahead.served(14);
    ck_assert_uint_eq(ahead.pages_from(12), 4);
}
END_TEST

START_TEST(writers_anywhere_else_get_one_page) {
    WriteAhead ahead;
    for (const uint64_t page : {500, 7, 499, 6, 502, 498}) {
        ck_assert_uint_eq(ahead.pages_from(page), 1);
        ahead.served(page + 1);
    }
}
END_TEST

START_TEST(sixteen_writers_at_once_are_told_apart) {
    WriteAhead ahead;
    for (uint64_t round = 0; round < 3; ++round) {
        for (uint64_t writer = 0; writer < 16; ++writer) {
            const uint64_t page = writer * 1000 + (uint64_t{1} << round);
            ck_assert_uint_eq(ahead.pages_from(page), uint64_t{1} << round);
            ahead.served(writer * 1000 + (uint64_t{2} << round));
        }
    }
    ck_assert_uint_eq(ahead.pages_from(99'999), 1);  // forgets the first of them
    ahead.served(100'000);
    ck_assert_uint_eq(ahead.pages_from(8), 1);
    ahead.served(9);
    ck_assert_uint_eq(ahead.pages_from(15'008), 8);
}
END_TEST

}  // namespace

Suite* write_ahead_suite() {
    return support::make_suite(
        "write_ahead",
        {a_writer_that_comes_to_the_end_of_what_was_served_gets_twice_as_much,
         a_writer_that_was_served_less_is_expected_at_the_end_of_that,
         writers_anywhere_else_get_one_page, sixteen_writers_at_once_are_told_apart});
}

}  // namespace guestdump::vm
