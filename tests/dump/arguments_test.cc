// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/arguments.h"

#include "tests/dump/built.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* arguments_suite();

namespace {

using Arguments = qapi::DumpGuestMemoryArguments;
using Format = qapi::DumpGuestMemoryFormat;
using support::must;
using support::must_fail;

Arguments with(Format format) {
    Arguments arguments;
    arguments.format = format;
    return arguments;
}

START_TEST(format_is_elf_by_default) {
    const Request request = must(parse_request(Arguments{}));
    ck_assert(request.elf());
    ck_assert(!request.elf()->paging);
    ck_assert(!request.only);
}
END_TEST

START_TEST(each_kdump_format_has_its_compression_and_container) {
    const KdumpRequest zlib = *must(parse_request(with(Format::kdump_zlib))).kdump();
    ck_assert(zlib.compression == Compression::zlib && zlib.flattened && zlib.share_pages);
    const KdumpRequest raw = *must(parse_request(with(Format::kdump_raw_zlib))).kdump();
    ck_assert(raw.compression == Compression::zlib && !raw.flattened);
    const Result<Request> lzo = parse_request(with(Format::kdump_raw_lzo));
    if (kHasLzo) {
        ck_assert(must(lzo).kdump()->compression == Compression::lzo);
    } else {
        must_fail(lzo, "kdump-lzo is not available now");
    }
}
END_TEST

START_TEST(paging_with_kdump_is_refused_in_qemus_words) {
    Arguments arguments = with(Format::kdump_zlib);
    arguments.paging = true;
    must_fail(parse_request(arguments), "kdump-compressed format doesn't support paging or filter");
}
END_TEST

START_TEST(most_mappings_are_for_paging_and_within_bounds) {
    Arguments arguments;
    arguments.max_mappings = 10'000'000;
    must_fail(parse_request(arguments), "parameter 'max-mappings' needs paging");
    arguments.format = Format::kdump_zlib;
    must_fail(parse_request(arguments), "parameter 'max-mappings' needs paging");
    arguments.format = Format::elf;
    arguments.paging = true;
    ck_assert_uint_eq(must(parse_request(arguments)).elf()->most_mappings, 10'000'000);
    for (const uint32_t wrong : {0u, (1u << 28) + 1}) {
        arguments.max_mappings = wrong;
        must_fail(parse_request(arguments), "expects a value from 1 to 268435456");
    }
}
END_TEST

START_TEST(kdump_takes_a_range) {
    Arguments arguments = with(Format::kdump_zlib);
    arguments.begin = 0x1000;
    arguments.length = 0x2000;
    ck_assert(must(parse_request(arguments)).only == (guest::GpaRange{guest::Gpa{0x1000}, 0x2000}));
}
END_TEST

START_TEST(begin_and_length_come_together) {
    Arguments arguments;
    arguments.begin = 0;
    must_fail(parse_request(arguments), "Parameter 'length' is missing");
    arguments.begin.reset();
    arguments.length = 1;
    must_fail(parse_request(arguments), "Parameter 'begin' is missing");
}
END_TEST

START_TEST(ranges_that_are_empty_or_overflow_are_refused) {
    Arguments arguments;
    arguments.begin = 4096;
    arguments.length = 0;
    must_fail(parse_request(arguments), "parameter 'length' expects a non-zero size");
    arguments.length = UINT64_MAX - 4;  // -5 in QEMU's arithmetic
    must_fail(parse_request(arguments), "ends beyond the 64-bit address space");
}
END_TEST

START_TEST(formats_that_are_not_built_say_so) {
    must_fail(parse_request(with(Format::win_dmp)), "win-dmp is not available now");
}
END_TEST

START_TEST(formats_come_in_qemus_order_and_then_ours) {
    std::vector<Format> expected{Format::elf, Format::kdump_zlib, Format::kdump_raw_zlib};
    const auto add = [&expected](bool built, Format flattened, Format raw) {
        if (built) expected.insert(expected.end(), {flattened, raw});
    };
    add(kHasLzo, Format::kdump_lzo, Format::kdump_raw_lzo);
    add(kHasSnappy, Format::kdump_snappy, Format::kdump_raw_snappy);
    add(kHasZstd, Format::kdump_zstd, Format::kdump_raw_zstd);
    expected.push_back(Format::vbox_core);
    ck_assert(supported_formats() == expected);
}
END_TEST

START_TEST(raw_formats_are_those_that_are_named_so) {
    for (const Format format : supported_formats()) {
        const bool is_named = to_string(format).starts_with("kdump-raw-");
        ck_assert(is_kdump_raw(format) == is_named);
    }
}
END_TEST

START_TEST(levels_are_those_of_the_compression) {
    Arguments arguments = with(Format::kdump_zlib);
    arguments.level = kBestZlibLevel;
    must(parse_request(arguments));
    arguments.level = kBestZlibLevel + 1;
    must_fail(parse_request(arguments), "a value from 1 to " + std::to_string(kBestZlibLevel));
    arguments.format = Format::kdump_lzo;
    must_fail(parse_request(arguments),
              kHasLzo ? "does not support parameter 'level'" : "kdump-lzo is not available now");
}
END_TEST

START_TEST(options_of_other_formats_are_refused) {
    Arguments arguments;
    arguments.level = 1;
    must_fail(parse_request(arguments), "format 'elf' does not support parameter 'level'");
    arguments.level.reset();
    arguments.share_pages = true;
    must_fail(parse_request(arguments), "format 'elf' does not support parameter 'share-pages'");
    arguments.format = Format::vbox_core;
    must_fail(parse_request(arguments), "format 'vbox-core' does not support parameter 'share");
    arguments.share_pages.reset();
    arguments.paging = true;
    must_fail(parse_request(arguments), "format 'vbox-core' does not support parameter 'paging'");
}
END_TEST

START_TEST(vmcoreinfo_is_looked_for_unless_the_client_says_no) {
    for (const Format format : {Format::elf, Format::kdump_zlib}) {
        Arguments arguments = with(format);
        ck_assert(must(parse_request(arguments)).find_vmcoreinfo);
        arguments.find_vmcoreinfo = false;
        ck_assert(!must(parse_request(arguments)).find_vmcoreinfo);
    }
}
END_TEST

START_TEST(excluded_kinds_are_those_of_the_list_and_of_the_level) {
    using Kind = qapi::DumpExclude;
    Arguments arguments;
    ck_assert(must(parse_request(arguments)).exclude == linux_guest::Exclusion{});
    arguments.exclude = {Kind::free, Kind::zero, Kind::free};
    ck_assert(must(parse_request(arguments)).exclude ==
              (linux_guest::Exclusion{.zero = true, .free = true}));
    arguments.format = Format::vbox_core;
    arguments.exclude = std::vector<Kind>();
    ck_assert(must(parse_request(arguments)).exclude == linux_guest::Exclusion{});
    for (uint32_t level = 0; level < 32; ++level) {
        arguments.exclude = kinds_of_level(level);
        ck_assert(must(parse_request(arguments)).exclude ==
                  linux_guest::Exclusion::of_level(level));
    }
}
END_TEST

START_TEST(thread_counts_have_bounds) {
    for (const uint32_t threads : {0u, 1025u, UINT32_MAX}) {
        Arguments arguments;
        arguments.threads = threads;
        must_fail(parse_request(arguments), "parameter 'threads' expects a value from 1 to 1024");
    }
    Arguments arguments;
    arguments.threads = 1024;
    ck_assert_uint_eq(must(parse_request(arguments)).threads, 1024);
    ck_assert_uint_ge(thread_count(0), 1);
    ck_assert_uint_eq(thread_count(7), 7);
    ck_assert_uint_eq(thread_count(1000), 64);
}
END_TEST

}  // namespace

Suite* arguments_suite() {
    return support::make_suite(
        "arguments",
        {format_is_elf_by_default, each_kdump_format_has_its_compression_and_container,
         paging_with_kdump_is_refused_in_qemus_words,
         most_mappings_are_for_paging_and_within_bounds, kdump_takes_a_range,
         begin_and_length_come_together, ranges_that_are_empty_or_overflow_are_refused,
         formats_that_are_not_built_say_so, formats_come_in_qemus_order_and_then_ours,
         raw_formats_are_those_that_are_named_so, levels_are_those_of_the_compression,
         options_of_other_formats_are_refused, vmcoreinfo_is_looked_for_unless_the_client_says_no,
         excluded_kinds_are_those_of_the_list_and_of_the_level, thread_counts_have_bounds});
}

}  // namespace guestdump::dump
