// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_complete.h"

#include <sys/stat.h>

#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::monitor {

Suite* hmp_complete_suite();

namespace {

using Words = std::vector<std::string>;

Words words_for(std::string_view line) {
    return complete_hmp_line(line).words;
}

/// Fails the test unless the completions of @line are @words.
void check_words(std::string_view line, const Words& words, int at = __builtin_LINE()) {
    std::string found;
    for (const std::string& word : words_for(line)) found += "<" + word + ">";
    std::string expected;
    for (const std::string& word : words) expected += "<" + word + ">";
    if (found != expected) {
        _ck_assert_failed(__FILE__, at, "other words", "found %s, expected %s", found.c_str(),
                          expected.c_str());
    }
}

/// A folder with files whose names are of all kinds.
struct Folder {
    Folder() {
        for (const char* name : {"core.one", "core.two", ".hidden", "with space", "q\"uote"}) {
            support::write_file(scratch.path(name), {});
        }
        ::mkdir(scratch.path("cores").c_str(), 0700);
        support::write_file(scratch.path("cores/inner"), {});
    }
    std::string path(const std::string& name) const { return scratch.path(name); }

    support::Scratch scratch;
};

START_TEST(first_word_is_a_commands_name) {
    check_words("dump-g", {"dump-guest-memory"});
    check_words("dump", {"dump-cancel", "dump-guest-memory"});
    check_words("  sto", {"stop"});
    check_words("nothing-like-it", {});
    ck_assert(words_for("").size() > 10);
    ck_assert(words_for("").size() == words_for("   ").size());
}
END_TEST

START_TEST(second_word_depends_on_the_first) {
    check_words("info du", {"dump", "dump-estimate"});
    check_words("info k", {"kvm"});
    check_words("help dump-c", {"dump-cancel"});
    check_words("? dump-c", {"dump-cancel"});
    check_words("help info du", {"dump", "dump-estimate"});
    check_words("nothing ", {});
    check_words("stop ", {});
    check_words("info nothing ", {});
}
END_TEST

START_TEST(word_begins_where_it_is_to_be_replaced) {
    ck_assert_uint_eq(complete_hmp_line("info du").word, 5);
    ck_assert_uint_eq(complete_hmp_line("info ").word, 5);
    ck_assert_uint_eq(complete_hmp_line(" sto").word, 1);
    ck_assert_uint_eq(complete_hmp_line("dump-guest-memory \"a b").word, 18);
    ck_assert_uint_eq(complete_hmp_line("dump-guest-memory \"a b\"").word, 23);
    ck_assert_uint_eq(complete_hmp_line("").word, 0);
}
END_TEST

START_TEST(flags_are_those_of_the_command) {
    check_words("dump-guest-memory -z", {"-z"});
    check_words("dump-guest-memory -p -Z", {"-Z"});
    check_words("dump-guest-memory -j", {"-j"});
    check_words("dump-guest-memory -j 2 -Z", {"-Z"});
    check_words("dump-guest-memory 2 -Z", {});
    check_words("info dump-estimate -", {"-R", "-Z", "-d", "-l", "-s", "-z"});
    check_words("stop -", {});
    check_words("dump-guest-memory /nonexistent/file -", {});
}
END_TEST

START_TEST(file_names_come_where_a_file_is_taken) {
    const Folder folder;
    const std::string command = "dump-guest-memory -p -d ";
    check_words(command + folder.path("core."), {folder.path("core.one"), folder.path("core.two")});
    check_words(command + folder.path("cores"), {folder.path("cores/")});
    check_words(command + folder.path("cores/"), {folder.path("cores/inner")});
    check_words(command + folder.path("."), {folder.path(".hidden")});
    check_words(command + "/nonexistent/", {});
    check_words(command + folder.path("core.one") + " " + folder.path("core"), {});
    ck_assert_uint_eq(words_for(command + folder.path("")).size(), 5);
}
END_TEST

START_TEST(names_are_quoted_as_commands_read_them) {
    const Folder folder;
    const std::string command = "dump-guest-memory ";
    check_words(command + folder.path("wi"), {"\"" + folder.path("with space") + "\""});
    check_words(command + "\"" + folder.path("with s"), {"\"" + folder.path("with space") + "\""});
    check_words(command + folder.path("q"), {"\"" + folder.path("q\\\"uote") + "\""});
    check_words(command + "\"" + folder.path("cores"), {"\"" + folder.path("cores/")});
}
END_TEST

START_TEST(any_bytes_are_a_line) {
    std::string line;
    for (int c = 255; c > 0; --c) {
        line += static_cast<char>(c);
        words_for(line);
        words_for("\"" + line);
        words_for("dump-guest-memory /nonexistent/" + line);
    }
    check_words("dump-guest-memory \"\\", {});
    check_words(std::string(100000, '"'), {});
}
END_TEST

START_TEST(common_beginning_is_what_all_have) {
    ck_assert(common_beginning({}).empty());
    ck_assert(common_beginning({"one"}) == "one");
    ck_assert(common_beginning({"core.one", "core.other", "core.two"}) == "core.");
    ck_assert(common_beginning({"abc", "ab", "abd"}) == "ab");
    ck_assert(common_beginning({"a", "b"}).empty());
}
END_TEST

START_TEST(common_beginning_does_not_end_inside_a_character) {
    ck_assert(common_beginning({"z\u00e4.one", "z\u00f6.one"}) == "z");
    ck_assert(common_beginning({"z\u20ac", "z\u20ad"}) == "z");
    ck_assert(common_beginning({"z\u00e4", "z\u00e4.one"}) == "z\u00e4");
    ck_assert(common_beginning({"z\u00e4", "\u00f6"}).empty());
    // Bytes that are not UTF-8 do not end a character.
    ck_assert(common_beginning({"\xa4", "\xb6"}).empty());
    ck_assert(common_beginning({"z\xc3"}) == "z\xc3");
}
END_TEST

}  // namespace

Suite* hmp_complete_suite() {
    return support::make_suite("hmp_complete", {
                                                   first_word_is_a_commands_name,
                                                   second_word_depends_on_the_first,
                                                   word_begins_where_it_is_to_be_replaced,
                                                   flags_are_those_of_the_command,
                                                   file_names_come_where_a_file_is_taken,
                                                   names_are_quoted_as_commands_read_them,
                                                   any_bytes_are_a_line,
                                                   common_beginning_is_what_all_have,
                                                   common_beginning_does_not_end_inside_a_character,
                                               });
}

}  // namespace guestdump::monitor
