// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/round.h"

#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* round_suite();

namespace {

START_TEST(a_multiple_stays_and_the_rest_goes_up_to_the_next) {
    ck_assert_uint_eq(round_up(0, 4096), 0);
    ck_assert_uint_eq(round_up(1, 4096), 4096);
    ck_assert_uint_eq(round_up(4095, 4096), 4096);
    ck_assert_uint_eq(round_up(4096, 4096), 4096);
    ck_assert_uint_eq(round_up(4097, 4096), 8192);
    ck_assert_uint_eq(round_up(7, 3), 9);
}
END_TEST

}  // namespace

Suite* round_suite() {
    return support::make_suite("round", {a_multiple_stays_and_the_rest_goes_up_to_the_next});
}

}  // namespace guestdump::util
