// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/stored.h"

#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* stored_suite();

namespace {

struct Mixed {
    le16 first;
    be64 second;
    le32 third;
};

START_TEST(bytes_lie_as_the_type_says) {
    const Mixed mixed{uint16_t{0x1122}, uint64_t{0x0102030405060708}, 0xa1b2c3d4u};
    const uint8_t expected[] = {0x22, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0xd4, 0xc3, 0xb2, 0xa1};
    ck_assert_uint_eq(sizeof mixed, sizeof expected);
    ck_assert_mem_eq(bytes_of(mixed).data(), expected, sizeof expected);
}
END_TEST

START_TEST(what_goes_in_comes_out) {
    Mixed mixed{};
    mixed.second = UINT64_MAX - 1;
    mixed.third = uint32_t{0x80000000};
    ck_assert_uint_eq(mixed.first, 0);
    ck_assert_uint_eq(mixed.second, UINT64_MAX - 1);
    ck_assert_uint_eq(mixed.third, 0x80000000);
}
END_TEST

}  // namespace

Suite* stored_suite() {
    return support::make_suite("stored", {bytes_lie_as_the_type_says, what_goes_in_comes_out});
}

}  // namespace guestdump::util
