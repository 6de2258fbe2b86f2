// SPDX-License-Identifier: GPL-2.0-or-later
/// What `exclude` leaves out, of guests whose kernel cannot be asked. tests/interop has a real one.
#include "dump/page_filter.h"

#include <cstring>

#include "dump/zero_pages.h"
#include "tests/dump/dumping.h"
#include "tests/support/elf_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* page_filter_suite();

namespace {

using linux_guest::Exclusion;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

constexpr uint64_t kPage = 4096;
constexpr uint32_t kZeroFlag = 0x00100000;

Request without(Request request, Exclusion exclude) {
    request.exclude = exclude;
    return request;
}

/// 2 pages with data, 300 zero pages, 1 with data, 255 zero, 1 with data, 256 zero; a hole.
std::unique_ptr<ScriptedGuest> guest_with_zeros() {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\n"));
    support::Bytes ram(815 * kPage);
    for (const uint64_t page : {0, 1, 302, 558}) ram[page * kPage + 17] = std::byte{1};
    guest->add_ram(0x100000, ram);
    guest->add_ram(0x10000000, 1000 * kPage).make_hole(0, 1000 * kPage);
    return guest;
}

support::Bytes file_of(const guest::Guest& guest, const Request& request) {
    support::MemorySink sink;
    must(dump_to(sink, guest, request));
    return sink.bytes();
}

START_TEST(long_runs_of_zero_pages_are_no_bytes_of_an_elf_file) {
    for (const unsigned threads : {1u, 3u}) {
        const auto guest = guest_with_zeros();
        const Request request = on_threads(threads, without(ElfRequest{}, {.zero = true}));
        const support::Bytes file = file_of(*guest, request);
        const auto loads = must(support::read_elf(file)).loads();
        // Data and 300 pages; 257 pages with data at both ends, and 256; 1000 pages of the hole.
        ck_assert_uint_eq(loads.size(), 3);
        const uint64_t expected[][3] = {
            {0x100000, 2, 302}, {0x100000 + 302 * kPage, 257, 513}, {0x10000000, 0, 1000}};
        for (size_t i = 0; i < loads.size(); ++i) {
            ck_assert_uint_eq(loads[i].paddr, expected[i][0]);
            ck_assert_uint_eq(loads[i].filesz, expected[i][1] * kPage);
            ck_assert_uint_eq(loads[i].memsz, expected[i][2] * kPage);
            ck_assert_uint_eq(loads[i].flags, kZeroFlag);
        }
        ck_assert_uint_lt(file.size(), 260 * kPage + 2 * kPage);
    }
}
END_TEST

START_TEST(what_is_in_the_file_is_the_guests) {
    const auto guest = guest_with_zeros();
    const support::Bytes file = file_of(*guest, without(ElfRequest{}, {.zero = true}));
    const auto elf = must(support::read_elf(file));
    support::Bytes ram(815 * kPage);
    must(guest->blocks().read(guest::Gpa{0x100000}, ram));
    for (uint64_t page = 0; page < 815; ++page) {
        const auto bytes = elf.physical(0x100000 + page * kPage, kPage).value();
        ck_assert(support::same(bytes, support::View(ram).subspan(page * kPage, kPage)));
    }
}
END_TEST

START_TEST(virtualbox_cores_leave_zero_pages_out_too) {
    const auto guest = guest_with_zeros();
    const support::Bytes file = file_of(*guest, without(VboxRequest{}, {.zero = true}));
    const auto loads = must(support::read_elf(file)).loads();
    ck_assert_uint_eq(loads.size(), 4);
    ck_assert_uint_eq(loads[0].flags, kZeroFlag | 4);
    ck_assert_uint_eq(loads[2].flags, 4);  // the gap, where devices are
    ck_assert_uint_eq(loads[2].filesz, 0);
}
END_TEST

START_TEST(kdump_files_share_zero_pages_whether_they_are_excluded_or_not) {
    const auto guest = guest_with_zeros();
    const KdumpRequest kdump{.flattened = false};
    ck_assert(file_of(*guest, kdump) == file_of(*guest, without(kdump, {.zero = true})));
}
END_TEST

START_TEST(zero_pages_that_were_never_written_are_not_read) {
    // Reading the hole would fail the test.
    const auto guest = guest_with_zeros();
    const auto pages = guest::PageSet::of(guest->blocks(), kPage);
    const auto filled =
        must(filled_pages(pages, kPage, 2, *guest->page_source(), util::Cancellation()));
    ck_assert_uint_eq(filled.count(), 4);
    for (const uint64_t page : {0, 1, 302, 558}) ck_assert(filled.contains(0x100 + page));
}
END_TEST

START_TEST(pages_that_ram_fills_in_part_count_as_a_whole) {
    auto guest = must(ScriptedGuest::parse(
        "mode long\ncpus 1\nram 0x1800 4096 bytes = 00\nram 0x5ff0 16 bytes = A5\n"));
    const auto pages = guest::PageSet::of(guest->blocks(), kPage);
    const auto filled =
        must(filled_pages(pages, kPage, 1, *guest->page_source(), util::Cancellation()));
    ck_assert_uint_eq(filled.count(), 1);
    ck_assert(filled.contains(5));
}
END_TEST

START_TEST(memory_that_cannot_be_read_fails_the_search_with_its_address) {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\n"));
    guest->add_ram(0, support::Bytes(64 * kPage, std::byte{1})).fail_at(5 * kPage);
    const auto pages = guest::PageSet::of(guest->blocks(), kPage);
    must_fail(filled_pages(pages, kPage, 1, *guest->page_source(), util::Cancellation()), "");
    util::Cancellation cancelled;
    cancelled.cancel();
    must_fail(filled_pages(pages, kPage, 1, *guest->page_source(), cancelled), "cancelled");
}
END_TEST

START_TEST(a_guest_of_only_zeros_has_a_dump) {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 1000 pages = 00\n"));
    const support::Bytes file = file_of(*guest, without(ElfRequest{}, {.zero = true}));
    ck_assert_uint_eq(must(support::read_elf(file)).loads()[0].filesz, 1000 * kPage);
}
END_TEST

START_TEST(a_guest_that_is_not_linux_is_dumped_whole_with_a_warning) {
    const auto guest = guest_with_zeros();
    for (const Request& request :
         {Request(ElfRequest{}), Request(KdumpRequest{.flattened = false})}) {
        const Request wanted = without(request, {.cache = true, .user = true, .free = true});
        const Snapshot snapshot = must(Snapshot::take(*guest, wanted));
        ck_assert_uint_eq(snapshot.warnings.size(), 1);
        ck_assert_str_eq(snapshot.warnings[0].c_str(),
                         "no page is left out by its class: there is no VMCOREINFO, by which the "
                         "guest kernel's memory map could be found");
        ck_assert(file_of(*guest, wanted) == file_of(*guest, request));
    }
}
END_TEST

START_TEST(zero_pages_are_left_out_although_classes_are_not_known) {
    const auto guest = guest_with_zeros();
    const Request wanted = without(ElfRequest{}, {.zero = true, .free = true});
    const Snapshot snapshot = must(Snapshot::take(*guest, wanted));
    ck_assert_uint_eq(snapshot.warnings.size(), 1);
    ck_assert_uint_eq(snapshot.dump_level, 1);
    ck_assert_uint_eq(total_bytes(snapshot.zero), (300 + 256 + 1000) * kPage);
}
END_TEST

START_TEST(a_vmcoreinfo_that_says_too_little_is_a_warning) {
    const auto guest = guest_with_zeros();
    guest->note = support::vmcoreinfo_note("OSRELEASE=6.1.0\nPAGESIZE=4096\n");
    const Snapshot snapshot = must(Snapshot::take(*guest, without(ElfRequest{}, {.free = true})));
    ck_assert_uint_eq(snapshot.warnings.size(), 1);
    ck_assert(snapshot.left_out.empty());
    ck_assert_ptr_nonnull(
        strstr(snapshot.warnings[0].c_str(), "no page is left out by its class: "));
}
END_TEST

START_TEST(a_dump_that_excludes_nothing_does_not_judge_pages) {
    const auto guest = guest_with_zeros();
    const Capture capture = must(Capture::of(*guest));
    bool judged = false;
    const auto judging = [&](uint64_t) { judged = true; };
    must(Snapshot::prepare(capture, ElfRequest{}, util::Cancellation(), judging));
    ck_assert(!judged);
    must(Snapshot::prepare(capture, without(ElfRequest{}, {.zero = true}), util::Cancellation(),
                           judging));
    ck_assert(judged);
}
END_TEST

}  // namespace

Suite* page_filter_suite() {
    return support::make_suite(
        "page_filter",
        {long_runs_of_zero_pages_are_no_bytes_of_an_elf_file, what_is_in_the_file_is_the_guests,
         virtualbox_cores_leave_zero_pages_out_too,
         kdump_files_share_zero_pages_whether_they_are_excluded_or_not,
         zero_pages_that_were_never_written_are_not_read,
         pages_that_ram_fills_in_part_count_as_a_whole,
         memory_that_cannot_be_read_fails_the_search_with_its_address,
         a_guest_of_only_zeros_has_a_dump, a_guest_that_is_not_linux_is_dumped_whole_with_a_warning,
         zero_pages_are_left_out_although_classes_are_not_known,
         a_vmcoreinfo_that_says_too_little_is_a_warning,
         a_dump_that_excludes_nothing_does_not_judge_pages});
}

}  // namespace guestdump::dump
