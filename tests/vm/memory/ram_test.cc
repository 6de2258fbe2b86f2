// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/ram.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

Suite* ram_suite();

namespace {

using support::must;
using support::must_fail;
using Backend = RamSpec::Backend;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSize = 256 * kPage;

RamSpec spec(Backend backend, bool share, std::string path = {}, uint64_t size = kSize) {
    RamSpec result;
    result.backend = backend;
    result.id = "ram0";
    result.size = size;
    result.mem_path = std::move(path);
    result.share = share;
    return result;
}

/// RAM of every kind, each with its own file if it needs one.
std::vector<std::shared_ptr<Ram>> every_kind(const support::Scratch& scratch) {
    std::vector<std::shared_ptr<Ram>> kinds;
    for (const bool share : {false, true}) {
        kinds.push_back(must(Ram::create(spec(Backend::ram, share))));
        kinds.push_back(must(Ram::create(spec(Backend::memfd, share))));
        kinds.push_back(
            must(Ram::create(spec(Backend::file, share, scratch.path(share ? "s" : "p")))));
    }
    return kinds;
}

std::vector<guest::RamExtent> extents(const Ram& ram) {
    std::vector<guest::RamExtent> all;
    for (uint64_t at = 0; at < ram.size(); at += all.back().length) {
        all.push_back(ram.extent(at, ram.size()));
        ck_assert_uint_ge(all.back().length, 1);
    }
    return all;
}

START_TEST(what_the_guest_writes_is_read) {
    const support::Scratch scratch;
    for (const auto& ram : every_kind(scratch)) {
        std::memset(ram->host() + 5000, 0x7e, 3);
        support::Bytes bytes(5);
        must(ram->read(4999, bytes));
        const uint8_t expected[] = {0, 0x7e, 0x7e, 0x7e, 0};
        ck_assert_mem_eq(bytes.data(), expected, 5);
    }
}
END_TEST

/// A live dump that releases 2 MiB at a time then splits no huge page.
START_TEST(memory_begins_where_a_huge_page_can) {
    for (const uint64_t size : {kPage, 3 * kPage, uint64_t{2} << 20, (uint64_t{5} << 20) + 7}) {
        RamSpec spec;
        spec.id = "ram0";
        spec.size = size;
        const auto ram = must(Ram::create(spec));
        ck_assert_uint_eq(reinterpret_cast<uintptr_t>(ram->host()) % (2 << 20), 0);
        std::memset(ram->host(), 1, size);
    }
}
END_TEST

START_TEST(only_touched_pages_count_as_populated) {
    const support::Scratch scratch;
    for (const auto& ram : every_kind(scratch)) {
        // Keeps the host from using a huge page, which would populate more than the touched page.
        madvise(ram->host(), ram->size(), MADV_NOHUGEPAGE);
        ram->host()[100 * kPage] = std::byte{1};
        const auto behind = ram->extent(kPage, ram->size());
        ck_assert(!behind.populated && behind.length == 99 * kPage);
        const auto touched = ram->extent(100 * kPage, ram->size());
        ck_assert(touched.populated && touched.length == kPage);
        ck_assert(!ram->extent(101 * kPage, ram->size()).populated);
    }
}
END_TEST

START_TEST(of_fresh_memory_the_first_page_is_touched_where_it_is_private) {
    const support::Scratch scratch;
    const auto kinds = every_kind(scratch);
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
        const bool is_private = kind < kinds.size() / 2;
        const auto found = extents(*kinds[kind]);
        ck_assert(found[0].populated == is_private);
        ck_assert_uint_eq(found.size(), is_private ? 2 : 1);
    }
}
END_TEST

START_TEST(reading_shared_memory_does_not_populate_it) {
    const auto ram = must(Ram::create(spec(Backend::memfd, true)));
    support::Bytes bytes(kSize);
    must(ram->read(0, bytes));
    ck_assert(support::all_zero(bytes));
    ck_assert(!extents(*ram)[0].populated);
}
END_TEST

START_TEST(runs_of_data_holes_and_own_pages_alternate) {
    const support::Scratch scratch;
    // given a file of data, hole, data, hole that is mapped privately, with a page written in the
    // first hole
    const support::Bytes data(16 * kPage, std::byte{0x33});
    support::write_file(scratch.path("ram"), data);
    ck_assert_int_eq(::truncate(scratch.path("ram").c_str(), 64 * kPage), 0);
    const util::UniqueFd fd(::open(scratch.path("ram").c_str(), O_WRONLY | O_CLOEXEC));
    ck_assert_int_eq(::pwrite(fd.get(), data.data(), 4 * kPage, 32 * kPage), 4 * kPage);
    const auto ram = must(Ram::create(spec(Backend::file, false, scratch.path("ram"), 64 * kPage)));
    madvise(ram->host(), ram->size(), MADV_NOHUGEPAGE);
    ram->host()[20 * kPage] = std::byte{1};
    // when, then
    const std::pair<uint64_t, bool> expected[] = {{16, true},  {4, false}, {1, true},
                                                  {11, false}, {4, true},  {28, false}};
    const auto found = extents(*ram);
    ck_assert_uint_eq(found.size(), std::size(expected));
    for (size_t i = 0; i < found.size(); ++i) {
        ck_assert_uint_eq(found[i].length, expected[i].first * kPage);
        ck_assert(found[i].populated == expected[i].second);
    }
}
END_TEST

START_TEST(hole_that_was_told_may_fill) {
    const auto ram = must(Ram::create(spec(Backend::memfd, true)));
    ram->host()[0] = std::byte{1};
    ck_assert(!ram->extent(8 * kPage, kSize).populated);
    ram->host()[8 * kPage] = std::byte{1};
    ck_assert(ram->extent(8 * kPage, kSize).populated);
}
END_TEST

START_TEST(extents_keep_to_their_limit) {
    const auto ram = must(Ram::create(spec(Backend::memfd, true)));
    std::memset(ram->host(), 1, kSize);
    ck_assert_uint_eq(ram->extent(10, 20).length, 10);
    ck_assert_uint_eq(ram->extent(kPage, kPage + 1).length, 1);
    ck_assert_uint_eq(ram->extent(0, kSize).length, kSize);
}
END_TEST

START_TEST(contents_of_an_existing_file_are_there_and_stay_private) {
    const support::Scratch scratch;
    const support::Bytes before(kSize, std::byte{0x33});
    support::write_file(scratch.path("ram"), before);
    const auto ram = must(Ram::create(spec(Backend::file, false, scratch.path("ram"))));
    ram->host()[7] = std::byte{0x44};
    support::Bytes bytes(9);
    must(ram->read(0, bytes));
    ck_assert_uint_eq(static_cast<uint8_t>(bytes[7]), 0x44);
    ck_assert_uint_eq(static_cast<uint8_t>(bytes[8]), 0x33);
    ck_assert(support::same(support::read_file(scratch.path("ram")), before));
    ck_assert(extents(*ram)[0].populated);
}
END_TEST

START_TEST(directory_gets_a_file_without_a_name) {
    const support::Scratch scratch;
    must(Ram::create(spec(Backend::file, true, scratch.folder())))->host()[0] = std::byte{1};
    ck_assert(scratch.names().empty());
}
END_TEST

START_TEST(file_that_shrinks_is_an_error_not_a_signal) {
    const support::Scratch scratch;
    for (const bool share : {true, false}) {
        const std::string path = scratch.path(share ? "s" : "p");
        support::write_file(path, support::Bytes(kSize, std::byte{1}));
        const auto ram = must(Ram::create(spec(Backend::file, share, path)));
        ck_assert_int_eq(::truncate(path.c_str(), 10 * kPage), 0);
        support::Bytes bytes(kPage);
        must_fail(ram->read(20 * kPage, bytes), "guest memory 'ram0' at 0x14000");
        // Missing bytes must not be taken for zeros.
        ck_assert(ram->extent(20 * kPage, kSize).populated);
    }
}
END_TEST

START_TEST(reads_outside_are_errors) {
    const auto ram = must(Ram::create(spec(Backend::ram, false)));
    support::Bytes bytes(2);
    must_fail(ram->read(kSize - 1, bytes),
              "0x2 bytes at 0xfffff of 'ram0' end beyond its 0x100000 bytes");
    must_fail(ram->read(UINT64_MAX, bytes), "end beyond");
}
END_TEST

START_TEST(backends_that_cannot_be_say_why) {
    const support::Scratch scratch;
    must_fail(Ram::create(spec(Backend::file, true, scratch.path("no/such"))),
              "cannot open backing store");
    support::write_file(scratch.path("short"), support::Bytes(100));
    must_fail(Ram::create(spec(Backend::file, true, scratch.path("short"))),
              "backing store size 0x64 does not match 'size' option 0x100000");
    must_fail(Ram::create(spec(Backend::ram, false, {}, 0)), "cannot have 0x0 bytes");
    must_fail(Ram::create(spec(Backend::ram, false, {}, uint64_t{1} << 62)),
              "cannot set up guest memory");
    must_fail(Ram::create(spec(Backend::memfd, true, {}, UINT64_MAX)),
              "cannot have 0xffffffffffffffff bytes");
}
END_TEST

}  // namespace

Suite* ram_suite() {
    return support::make_suite(
        "ram",
        {what_the_guest_writes_is_read, memory_begins_where_a_huge_page_can,
         only_touched_pages_count_as_populated,
         of_fresh_memory_the_first_page_is_touched_where_it_is_private,
         reading_shared_memory_does_not_populate_it, runs_of_data_holes_and_own_pages_alternate,
         hole_that_was_told_may_fill, extents_keep_to_their_limit,
         contents_of_an_existing_file_are_there_and_stay_private,
         directory_gets_a_file_without_a_name, file_that_shrinks_is_an_error_not_a_signal,
         reads_outside_are_errors, backends_that_cannot_be_say_why});
}

}  // namespace guestdump::vm
