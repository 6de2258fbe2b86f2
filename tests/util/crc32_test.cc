// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/crc32.h"

#include <string_view>

#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* crc32_suite();

namespace {

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

START_TEST(crc32_of_the_check_string_is_that_of_every_table) {
    ck_assert_uint_eq(crc32({bytes("123456789")}), 0xcbf43926);
}
END_TEST

START_TEST(parts_count_as_one_run_of_bytes) {
    ck_assert_uint_eq(crc32({bytes("123"), {}, bytes("456789")}), 0xcbf43926);
    ck_assert_uint_eq(crc32({}), 0);
}
END_TEST

}  // namespace

Suite* crc32_suite() {
    return support::make_suite("crc32", {crc32_of_the_check_string_is_that_of_every_table,
                                         parts_count_as_one_run_of_bytes});
}

}  // namespace guestdump::util
