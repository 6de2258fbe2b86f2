// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/page_sample.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* page_sample_suite();

namespace {

using support::must;

constexpr size_t kPage = 4096;

Result<util::MappedArray<std::byte>> sample_of(const support::ScriptedGuest& guest) {
    const guest::GuestPhysBlockList blocks = guest.blocks();
    return sample_pages(guest::PageSet::of(blocks, kPage), kPage, guest::RamSource(blocks));
}

START_TEST(pages_come_from_all_over_memory_and_are_not_zero) {
    support::ScriptedGuest guest;
    support::Bytes ram(4096 * kPage);
    for (size_t pfn = 0; pfn < 4096; pfn += 2) ram[pfn * kPage] = std::byte(pfn / 16);
    guest.add_ram(0, ram).make_hole(3000 * kPage, 2 * kPage);
    const auto sample = must(sample_of(guest));
    ck_assert_uint_eq(sample.size(), 512 * kPage);
    int quarters[4] = {};
    for (size_t at = 0; at < sample.size(); at += kPage) {
        ck_assert(sample[at] != std::byte{0});
        ++quarters[std::to_integer<int>(sample[at]) / 64];
    }
    for (const int count : quarters) ck_assert_int_gt(count, 100);
}
END_TEST

START_TEST(a_guest_without_data_gives_no_sample) {
    support::ScriptedGuest guest;
    guest.add_ram(0x1000, 100 * kPage);
    guest.add_ram(0x10000000, kPage);
    ck_assert_uint_eq(must(sample_of(guest)).size(), 0);
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_an_error) {
    support::ScriptedGuest guest;
    guest.add_ram(0, kPage).fail_at(0);
    support::error_of(sample_of(guest));
}
END_TEST

}  // namespace

Suite* page_sample_suite() {
    return support::make_suite("page_sample", {
                                                  pages_come_from_all_over_memory_and_are_not_zero,
                                                  a_guest_without_data_gives_no_sample,
                                                  memory_that_cannot_be_read_is_an_error,
                                              });
}

}  // namespace guestdump::dump
