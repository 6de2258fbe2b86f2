// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/dump_result.h"

#include "tests/support/run_suites.h"

namespace guestdump::tools {

Suite* dump_result_suite();

namespace {

void check_text(const DumpResult& result, const char* wanted) {
    const std::string text = dump_result_text(result);
    ck_assert_str_eq(text.c_str(), wanted);
}

START_TEST(size_time_and_stop_are_told_apart) {
    check_text({.path = "vmcore", .size = 50436506, .seconds = 0.309, .stopped = 0.2149},
               "vmcore: 48.1 MiB in 0.31 s, guest stopped for 0.21 s");
    check_text({.path = "vmcore", .size = 50436506, .seconds = 0.309, .stopped = 0.0032},
               "vmcore: 48.1 MiB in 0.31 s, guest stopped for 0.003 s");
    check_text({.path = "a", .size = 100, .seconds = 61.5, .stopped = 0.0},
               "a: 100 bytes in 61.50 s, guest stopped for 0.000 s");
}
END_TEST

START_TEST(a_guest_that_stood_still_anyway_has_no_stop) {
    check_text({.path = "vmcore", .size = 1 << 30, .seconds = 2}, "vmcore: 1.0 GiB in 2.00 s");
}
END_TEST

START_TEST(what_went_to_no_file_has_no_size) {
    check_text({.path = "-", .size = 0, .seconds = 1}, "-: complete in 1.00 s");
}
END_TEST

}  // namespace

Suite* dump_result_suite() {
    return support::make_suite("dump_result", {
                                                  size_time_and_stop_are_told_apart,
                                                  a_guest_that_stood_still_anyway_has_no_stop,
                                                  what_went_to_no_file_has_no_size,
                                              });
}

}  // namespace guestdump::tools
