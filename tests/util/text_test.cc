// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/text.h"

#include "tests/support/run_suites.h"

namespace guestdump::util {

Suite* text_suite();

namespace {

START_TEST(what_can_be_seen_stays_as_it_is) {
    for (const char* same : {"", "a line\nand another", "/tmp/M\u00fcller/\u6838\u5fc3", "100 %"})
        ck_assert(printable(same) == same);
}
END_TEST

START_TEST(what_would_command_a_terminal_is_told_in_digits) {
    ck_assert(printable("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
    ck_assert(printable("over\rwritten\b\x7f") == "over\\x0dwritten\\x08\\x7f");
    ck_assert(printable("\u009b31m") == "\\xc2\\x9b31m");
    ck_assert(printable(std::string_view("\0 is a byte", 11)) == "\\x00 is a byte");
}
END_TEST

START_TEST(bytes_that_are_no_characters_are_told_in_digits) {
    ck_assert(printable("\xff\xfe") == "\\xff\\xfe");
    ck_assert(printable("cut off \xe6\xa0") == "cut off \\xe6\\xa0");
    ck_assert(printable("\xed\xa0\x80 a surrogate") == "\\xed\\xa0\\x80 a surrogate");
}
END_TEST

}  // namespace

Suite* text_suite() {
    return support::make_suite(
        "text", {what_can_be_seen_stays_as_it_is, what_would_command_a_terminal_is_told_in_digits,
                 bytes_that_are_no_characters_are_told_in_digits});
}

}  // namespace guestdump::util
