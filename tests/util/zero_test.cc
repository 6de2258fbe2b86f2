// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/zero.h"

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* zero_suite();

namespace {

START_TEST(nothing_is_all_zero) {
    ck_assert(all_zero({}));
}
END_TEST

START_TEST(one_byte_anywhere_is_seen) {
    for (const size_t size : {1u, 7u, 63u, 64u, 65u, 200u, 4096u}) {
        support::Bytes bytes(size, std::byte{0});
        ck_assert(all_zero(bytes));
        for (size_t at = 0; at < size; ++at) {
            bytes[at] = std::byte{0x80};
            ck_assert_msg(!all_zero(bytes), "byte %zu of %zu was not seen", at, size);
            bytes[at] = std::byte{0};
        }
    }
}
END_TEST

}  // namespace

Suite* zero_suite() {
    return support::make_suite("zero", {nothing_is_all_zero, one_byte_anywhere_is_seen});
}

}  // namespace guestdump::util
