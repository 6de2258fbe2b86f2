// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json_stream.h"

#include <string>
#include <vector>

#include "tests/support/run_suites.h"

namespace guestdump::qapi {
namespace {

/// Feeds @text to a stream. Returns its values in our notation, and its errors unchanged.
std::vector<std::string> read(std::string_view text) {
    std::vector<std::string> read;
    JsonStream stream([&](util::Result<Json> value) {
        read.push_back(value ? to_text(value->get()) : value.error().message());
    });
    stream.feed(text);
    return read;
}

void check_read(std::string_view text, const std::vector<std::string>& expected,
                const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const std::vector<std::string> found = read(text);
    if (found == expected) return;
    std::string all;
    for (const std::string& one : found) all += "\n    " + one;
    _ck_assert_failed(file, line, "other values", "read:%s", all.c_str());
}

const std::string kParse = "JSON parse error, ";

START_TEST(value_needs_no_newline) {
    check_read(R"({"a": 1})", {R"({"a": 1})"});
}
END_TEST

START_TEST(several_values_come_in_one_packet) {
    check_read("{}[1,2]\n{}", {"{}", "[1, 2]", "{}"});
}
END_TEST

START_TEST(value_may_be_cut_anywhere) {
    std::vector<std::string> found;
    JsonStream stream([&](util::Result<Json> value) { found.push_back(to_text(value->get())); });
    for (const char c : std::string(R"({"ab": [tru)")) stream.feed(c);
    ck_assert_uint_eq(found.size(), 0);
    stream.feed(R"(e, -1.5e3]})");
    ck_assert(found == std::vector<std::string>{R"({"ab": [true, -1500]})"});
}
END_TEST

START_TEST(single_quotes_are_as_good_as_double_ones) {
    check_read(R"({'a': 'it\'s "x"', "b": "it\'s 'x'"})",
               {R"({"a": "it's \"x\"", "b": "it's 'x'"})"});
}
END_TEST

START_TEST(escapes_come_out_as_qemu_writes_them) {
    check_read(R"(["\u00e9\/\n\ud83d\ude00\u0000"])", {R"(["\u00E9/\n\uD83D\uDE00\u0000"])"});
}
END_TEST

START_TEST(integers_keep_64_bits_and_turn_real_beyond) {
    check_read("[-9223372036854775808, 18446744073709551615]",
               {"[-9223372036854775808, 18446744073709551615]"});
    check_read("[18446744073709551616]", {"[1.8446744073709552e+19]"});
}
END_TEST

START_TEST(number_that_no_double_holds_is_refused) {
    check_read("1e400 ", {kParse + "a number is too large"});
}
END_TEST

START_TEST(scalar_ends_at_the_next_character) {
    check_read("12", {});
    check_read("12 ", {"12"});
    check_read("null,", {"null", kParse + "unexpected character"});
}
END_TEST

START_TEST(stray_character_is_told_at_once) {
    check_read("{\x01", {kParse + "stray '\x01'"});
    check_read("{\xff", {kParse + "stray '\xff'"});
    check_read("%p", {kParse + "stray '%'"});
    check_read("{'bad \xff", {kParse + "stray ''bad \xff'"});
    check_read("01", {kParse + "stray '01'"});
    check_read("-x", {kParse + "stray '-x'"});
}
END_TEST

START_TEST(wrong_bracket_is_told_at_once) {
    check_read("{]", {kParse + "quoted object property name expected"});
    check_read("]", {kParse + "unexpected character"});
    check_read(":", {kParse + "unexpected character"});
}
END_TEST

START_TEST(bad_grammar_is_told_at_the_end_of_the_value) {
    check_read("[1,]", {kParse + "unexpected character"});
    check_read("{\"a\" 1}", {kParse + "object property name separator ':' expected"});
    check_read("[1 2]", {kParse + "array value separator ',' expected"});
    check_read("[True]", {kParse + "stray 'T'", kParse + "unexpected character"});
    check_read("nul ", {kParse + "null expected"});
}
END_TEST

START_TEST(member_given_twice_is_refused) {
    check_read(R"({"a": 1, "a": 2})", {kParse + "duplicate key"});
    check_read(R"([{"b": {"a": 1, "a": 2}}])", {kParse + "duplicate key"});
    check_read(R"([{"a": 1}, {"a": ":"}])", {R"([{"a": 1}, {"a": ":"}])"});
}
END_TEST

START_TEST(name_with_a_nul_is_refused_and_not_cut) {
    const std::string refusal = kParse + "a NUL character in a member's name";
    check_read(R"([{"execute\u0000": 1}]{})", {refusal, "{}"});
    check_read(R"({"a": {"b\\\u0000": {}}} {})", {refusal, "{}"});
    check_read(R"({"a\\u0000": ["x\u0000"]})", {R"({"a\\u0000": ["x\u0000"]})"});
}
END_TEST

START_TEST(stream_goes_on_after_an_error) {
    check_read("{]{}", {kParse + "quoted object property name expected", "{}"});
    // After an invalid character the rest is skipped up to a structural or control character.
    check_read("%p null true {}", {kParse + "stray '%'", "{}"});
    check_read("%p null\n1 ", {kParse + "stray '%'", "1"});
    check_read("%\xff{}", {kParse + "stray '%'", kParse + "stray '\xff'", "{}"});
}
END_TEST

START_TEST(nesting_is_bounded) {
    const std::string deep(JsonStream::kMaxNesting, '[');
    check_read(deep + std::string(JsonStream::kMaxNesting, ']'),
               {deep + std::string(JsonStream::kMaxNesting, ']')});
    check_read(deep + "[", {"JSON nesting depth limit exceeded"});
}
END_TEST

START_TEST(number_of_tokens_is_bounded) {
    std::string many = "[";
    for (size_t i = 0; i < JsonStream::kMaxTokens / 2; ++i) many += "0,";
    const std::vector<std::string> found = read(many);
    ck_assert_uint_eq(found.size(), 1);
    ck_assert_str_eq(found[0].c_str(), "JSON token count limit exceeded");
}
END_TEST

START_TEST(size_of_a_string_is_bounded) {
    check_read("\"" + std::string(JsonLexer::kMaxToken, 'x'), {"JSON token size limit exceeded"});
}
END_TEST

}  // namespace

Suite* json_stream_suite() {
    return support::make_suite("json_stream", {
                                                  value_needs_no_newline,
                                                  several_values_come_in_one_packet,
                                                  value_may_be_cut_anywhere,
                                                  single_quotes_are_as_good_as_double_ones,
                                                  escapes_come_out_as_qemu_writes_them,
                                                  integers_keep_64_bits_and_turn_real_beyond,
                                                  number_that_no_double_holds_is_refused,
                                                  scalar_ends_at_the_next_character,
                                                  stray_character_is_told_at_once,
                                                  wrong_bracket_is_told_at_once,
                                                  bad_grammar_is_told_at_the_end_of_the_value,
                                                  member_given_twice_is_refused,
                                                  name_with_a_nul_is_refused_and_not_cut,
                                                  stream_goes_on_after_an_error,
                                                  nesting_is_bounded,
                                                  number_of_tokens_is_bounded,
                                                  size_of_a_string_is_bounded,
                                              });
}

}  // namespace guestdump::qapi
