// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/screen_text.h"

#include "tests/support/run_suites.h"

namespace guestdump::tools {

Suite* screen_text_suite();

namespace {

START_TEST(lines_and_tabs_of_a_command_stay_and_nothing_else_that_moves_the_cursor) {
    ck_assert(on_screen("") == "");
    ck_assert(on_screen("a\tb\r\n\t\tz\u00e4\r\n") == "a\tb\r\n\t\tz\u00e4\r\n");
    ck_assert(on_screen("a\x1b]2;b\a\r\n") == "a\\x1b]2;b\\x07\r\n");
    ck_assert(on_screen("a\rb\r\r\n\r") == "a\\x0db\\x0d\r\n\\x0d");
    ck_assert(on_screen("\xc2\x9b \xe4") == "\\xc2\\x9b \\xe4");
}
END_TEST

START_TEST(words_stand_in_columns_of_what_is_seen_of_them) {
    ck_assert(columns_of({"\x1b", "z\u00e4", "last"}) == "\\x1b  z\u00e4    last\r\n");
    ck_assert(columns_of({"a\nb", "c"}) == "a\\x0ab  c\r\n");
    const std::string wide(60, 'w');
    ck_assert(columns_of({wide, "x"}) == (wide + "\r\nx\r\n"));
}
END_TEST

START_TEST(there_are_lines_for_so_many_words_only) {
    const std::string wide(60, 'w');
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += wide + "\r\n";
    ck_assert(columns_of(std::vector(200, wide)) == lines);
    ck_assert(columns_of(std::vector(201, wide)) == (lines + "...\r\n"));
    const std::vector<std::string> narrow(201, "abc");
    ck_assert(columns_of(narrow).ends_with(" abc\r\n...\r\n"));
}
END_TEST

}  // namespace

Suite* screen_text_suite() {
    return support::make_suite(
        "screen_text",
        {lines_and_tabs_of_a_command_stay_and_nothing_else_that_moves_the_cursor,
         words_stand_in_columns_of_what_is_seen_of_them, there_are_lines_for_so_many_words_only});
}

}  // namespace guestdump::tools
