// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/page_runs.h"

#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* page_runs_suite();

namespace {

std::vector<PfnRun> runs_of(std::initializer_list<std::pair<uint64_t, uint64_t>> blocks) {
    support::ScriptedGuest guest;
    for (const auto& [start, size] : blocks) guest.add_ram(start, support::Bytes(size));
    return page_runs(guest.blocks(), 4096);
}

START_TEST(blocks_apart_are_runs_apart) {
    const auto runs = runs_of({{0, 0x2000}, {0x3000, 0x1000}});
    ck_assert(runs == (std::vector<PfnRun>{{0, 2}, {3, 4}}));
    ck_assert_uint_eq(count_pages(runs), 3);
}
END_TEST

START_TEST(a_byte_is_enough_for_a_page) {
    ck_assert(runs_of({{0x5fff, 1}}) == (std::vector<PfnRun>{{5, 6}}));
    ck_assert(runs_of({{0x5fff, 2}}) == (std::vector<PfnRun>{{5, 7}}));
}
END_TEST

START_TEST(a_page_of_two_blocks_is_there_once) {
    const auto runs = runs_of({{0x1000, 0x100}, {0x1800, 0x900}, {0x2200, 0x10}});
    ck_assert(runs == (std::vector<PfnRun>{{1, 3}}));
}
END_TEST

START_TEST(blocks_that_touch_are_one_run) {
    ck_assert(runs_of({{0, 0x1000}, {0x1000, 0x1000}}) == (std::vector<PfnRun>{{0, 2}}));
}
END_TEST

START_TEST(the_last_page_of_the_address_space_is_a_page) {
    const auto runs = runs_of({{uint64_t{0} - 4096, 4096}});
    ck_assert(runs == (std::vector<PfnRun>{{0xfffffffffffff, 0x10000000000000}}));
}
END_TEST

}  // namespace

Suite* page_runs_suite() {
    return support::make_suite("page_runs", {
                                                blocks_apart_are_runs_apart,
                                                a_byte_is_enough_for_a_page,
                                                a_page_of_two_blocks_is_there_once,
                                                blocks_that_touch_are_one_run,
                                                the_last_page_of_the_address_space_is_a_page,
                                            });
}

}  // namespace guestdump::dump
