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

START_TEST(ascii_escapes_line_breaks_and_other_alphabets_too) {
    ck_assert(ascii("virtio_net 6.1.0~") == "virtio_net 6.1.0~");
    ck_assert(ascii("M\u00fc\n\x7f") == "M\\xc3\\xbc\\x0a\\x7f");
}
END_TEST

START_TEST(text_of_any_length_is_whole) {
    const std::string word(100000, 'x');
    ck_assert(text("%s %d", word.c_str(), 7) == word + " 7");
    ck_assert(text("%s", "").empty());
}
END_TEST

}  // namespace

Suite* text_suite() {
    return support::make_suite(
        "text", {what_can_be_seen_stays_as_it_is, what_would_command_a_terminal_is_told_in_digits,
                 bytes_that_are_no_characters_are_told_in_digits,
                 ascii_escapes_line_breaks_and_other_alphabets_too, text_of_any_length_is_whole});
}

}  // namespace guestdump::util
