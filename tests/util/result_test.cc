// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/result.h"

#include <cerrno>
#include <memory>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* result_suite();

namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return Error::make("%d is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    const int halved = TRY(half(value));
    return half(halved);
}

Result<> check_even(int value, bool& passed) {
    TRY(half(value));
    passed = true;
    return {};
}

START_TEST(try_gives_the_value) {
    ck_assert_int_eq(*support::must(Result<std::unique_ptr<int>>(std::make_unique<int>(7))), 7);
    ck_assert_int_eq(support::must(quarter(12)), 3);
}
END_TEST

START_TEST(try_returns_the_error_of_the_failing_step) {
    support::must_fail(quarter(6), "3 is odd");
    support::must_fail(quarter(5), "5 is odd");
}
END_TEST

START_TEST(try_as_a_statement_leaves_the_function) {
    bool passed = false;
    ck_assert(!check_even(3, passed));
    ck_assert(!passed);
    ck_assert(!!check_even(4, passed));
    ck_assert(passed);
}
END_TEST

START_TEST(errno_stays_beside_its_text) {
    const Error error =
        Error::from_errno(ENOSPC, "writing %d bytes", 5).while_("dumping page 0x%x", 31);
    ck_assert_str_eq(error.message().c_str(),
                     "dumping page 0x1f: writing 5 bytes: No space left on device");
    ck_assert_int_eq(error.os_error(), ENOSPC);
    ck_assert_int_eq(Error::make("plain").os_error(), 0);
}
END_TEST

START_TEST(kind_stays_with_an_error_on_its_way) {
    ck_assert(Error::make("plain").kind() == Error::Kind::generic);
    const Error error =
        Error::make("no 'x'").as(Error::Kind::not_found).while_("looking for %s", "it");
    ck_assert(error.kind() == Error::Kind::not_found);
    ck_assert_str_eq(error.message().c_str(), "looking for it: no 'x'");
}
END_TEST

}  // namespace

Suite* result_suite() {
    return support::make_suite("result",
                               {try_gives_the_value, try_returns_the_error_of_the_failing_step,
                                try_as_a_statement_leaves_the_function, errno_stays_beside_its_text,
                                kind_stays_with_an_error_on_its_way});
}

}  // namespace guestdump::util
