// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json_members.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::qapi {

using support::must;
using support::must_fail;

Suite* json_members_suite();

namespace {

START_TEST(members_are_text_as_options_have_it) {
    const auto members = must(parse_json_members(
        R"({"driver": "loader", "addr": 1048576, "on": true, "off": false, "none": null,)"
        R"( "list": [1, "x"], 'single': 'a,b=c', "unicode": "\u00e9", "empty": ""} )"));
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"driver", "loader"}, {"addr", "1048576"},     {"on", "on"},
        {"off", "off"},       {"none", "null"},        {"list", R"([1, "x"])"},
        {"single", "a,b=c"},  {"unicode", "\xc3\xa9"}, {"empty", ""}};
    ck_assert_uint_eq(members.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        ck_assert_str_eq(members[i].name.c_str(), expected[i].first.c_str());
        ck_assert_str_eq(members[i].value.c_str(), expected[i].second.c_str());
    }
    ck_assert(must(parse_json_members("{}")).empty());
    ck_assert(must(parse_json_members(R"({"size": 18446744073709551615})"))[0].value ==
              "18446744073709551615");
}
END_TEST

START_TEST(what_is_not_one_object_is_refused) {
    must_fail(parse_json_members(""), "JSON parse error, it ends too early");
    must_fail(parse_json_members(R"({"a": 1)"), "JSON parse error, it ends too early");
    must_fail(parse_json_members(R"({"a": "b)"), "JSON parse error");
    must_fail(parse_json_members(R"({"a"})"), "JSON parse error");
    must_fail(parse_json_members(R"({"a": 1} {)"), "JSON parse error");
    must_fail(parse_json_members("{} {}"), "JSON parse error, there is more after the object");
    must_fail(parse_json_members("[1]"), "JSON parse error, an object is expected");
    must_fail(parse_json_members("null "), "JSON parse error, an object is expected");
    must_fail(parse_json_members("7"), "JSON parse error, it ends too early");
    must_fail(parse_json_members(R"({"file": "a\u0000b"})"), "Parameter 'file' has a NUL inside");
    // The name needs allocated memory, so that a sanitizer would report a leak.
    must_fail(parse_json_members(R"({"a-name-that-does-not-lie-in-the-string": "a\u0000b"})"),
              "Parameter 'a-name-that-does-not-lie-in-the-string' has a NUL inside");
    must_fail(parse_json_members(std::string(5000, '{')), "JSON parse error");
}
END_TEST

}  // namespace

Suite* json_members_suite() {
    return support::make_suite(
        "json_members", {members_are_text_as_options_have_it, what_is_not_one_object_is_refused});
}

}  // namespace guestdump::qapi
