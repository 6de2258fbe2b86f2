// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/marshal.h"

#include <string>

#include "qapi/json_stream.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::qapi {
namespace {

Json parse(std::string_view text) {
    Json parsed;
    JsonStream stream([&](Result<Json> value) { parsed = support::must(std::move(value)); });
    stream.feed(text);
    return parsed;
}

Result<DumpGuestMemoryArguments> dump_arguments(std::string_view text) {
    const Json json = parse(text);
    DumpGuestMemoryArguments arguments;
    TRY(from_json(json.get(), "", arguments));
    return arguments;
}

void check_refused(std::string_view members, const std::string& why,
                   const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const std::string text = R"({"paging": false, "protocol": "x", )" + std::string(members) + "}";
    const std::string found = support::error_of(dump_arguments(text), file, line);
    if (found != why) _ck_assert_failed(file, line, "other error", "%s", found.c_str());
}

void check_text(const Json& json, const std::string& expected, const char* file = __builtin_FILE(),
                int line = __builtin_LINE()) {
    const std::string found = to_text(json.get());
    if (found != expected) _ck_assert_failed(file, line, "other text", "%s", found.c_str());
}

START_TEST(arguments_become_a_struct) {
    const auto arguments = support::must(dump_arguments(
        R"({"paging": true, "protocol": "fd:x", "begin": 18446744073709551615, "threads": 3,
            "format": "kdump-raw-zlib", "level": -1})"));
    ck_assert(arguments == (DumpGuestMemoryArguments{
                               .paging = true,
                               .protocol = "fd:x",
                               .detach = {},
                               .begin = UINT64_MAX,
                               .length = {},
                               .format = DumpGuestMemoryFormat::kdump_raw_zlib,
                               .threads = 3,
                               .level = -1,
                               .share_pages = {},
                               .max_mappings = {},
                           }));
}
END_TEST

START_TEST(struct_becomes_an_object_without_what_it_lacks) {
    const DumpCompletedEvent done{
        .result = {.status = DumpStatus::completed, .completed = 1, .total = UINT64_MAX},
        .error = {}};
    check_text(to_json(done), R"({"result": {"status": "completed", "completed": 1, )"
                              R"("total": 18446744073709551615}})");
}
END_TEST

START_TEST(arrays_go_both_ways) {
    const std::string text = R"({"formats": ["elf", "kdump-zstd"]})";
    DumpGuestMemoryCapability capability;
    support::must(from_json(parse(text).get(), "", capability));
    ck_assert_uint_eq(capability.formats.size(), 2);
    ck_assert(capability.formats[1] == DumpGuestMemoryFormat::kdump_zstd);
    check_text(to_json(capability), text);
}
END_TEST

START_TEST(missing_argument_is_named) {
    support::must_fail(dump_arguments(R"({"paging": false, "zip": 1})"),
                       "Parameter 'protocol' is missing");
}
END_TEST

START_TEST(unexpected_argument_is_named) {
    check_refused(R"("zip": 1)", "Parameter 'zip' is unexpected");
    support::must_fail(refuse_members(parse(R"({"x": null})").get()),
                       "Parameter 'x' is unexpected");
}
END_TEST

START_TEST(wrong_type_is_told_with_the_right_one) {
    check_refused(R"("detach": 1)", "Invalid parameter type for 'detach', expected: boolean");
    check_refused(R"("begin": "1")", "Invalid parameter type for 'begin', expected: integer");
    check_refused(R"("begin": 1.5)", "Invalid parameter type for 'begin', expected: integer");
    check_refused(R"("format": null)", "Invalid parameter type for 'format', expected: string");
    support::must_fail(dump_arguments(R"([])"),
                       "Invalid parameter type for 'arguments', expected: object");
}
END_TEST

START_TEST(integer_out_of_range_is_refused) {
    check_refused(R"("begin": -1)", "Parameter 'begin' expects uint64");
    check_refused(R"("begin": 18446744073709551616)",
                  "Invalid parameter type for 'begin', expected: integer");
    check_refused(R"("threads": 4294967296)", "Parameter 'threads' expects uint32_t");
    check_refused(R"("level": 9223372036854775808)",
                  "Invalid parameter type for 'level', expected: integer");
}
END_TEST

START_TEST(unknown_word_is_told) {
    check_refused(R"("format": "quux")", "Parameter 'format' does not accept value 'quux'");
}
END_TEST

START_TEST(string_with_nul_is_refused) {
    support::must_fail(dump_arguments(R"({"paging": false, "protocol": "file:/a\u0000b"})"),
                       "Parameter 'protocol' must not contain a NUL character");
}
END_TEST

START_TEST(errors_inside_name_the_whole_path) {
    DumpCompletedEvent event;
    const Json json = parse(R"({"result": {"status": "none", "completed": 0}})");
    support::must_fail(from_json(json.get(), "", event), "Parameter 'result.total' is missing");
    DumpGuestMemoryCapability capability;
    const Json list = parse(R"({"formats": ["elf", 1]})");
    support::must_fail(from_json(list.get(), "", capability), "'formats[1]', expected: string");
}
END_TEST

START_TEST(failure_leaves_the_output_alone) {
    DumpGuestMemoryCapability capability{.formats = {DumpGuestMemoryFormat::elf}};
    ck_assert(!from_json(parse(R"({"formats": [1]})").get(), "", capability));
    ck_assert_uint_eq(capability.formats.size(), 1);
}
END_TEST

START_TEST(bytes_that_are_not_utf8_still_make_a_reply) {
    check_text(to_json(std::string("a\xff\xc3")), R"("a\uFFFD\uFFFD")");
}
END_TEST

}  // namespace

Suite* marshal_suite() {
    return support::make_suite("marshal", {
                                              arguments_become_a_struct,
                                              struct_becomes_an_object_without_what_it_lacks,
                                              arrays_go_both_ways,
                                              missing_argument_is_named,
                                              unexpected_argument_is_named,
                                              wrong_type_is_told_with_the_right_one,
                                              integer_out_of_range_is_refused,
                                              unknown_word_is_told,
                                              string_with_nul_is_refused,
                                              errors_inside_name_the_whole_path,
                                              failure_leaves_the_output_alone,
                                              bytes_that_are_not_utf8_still_make_a_reply,
                                          });
}

}  // namespace guestdump::qapi
