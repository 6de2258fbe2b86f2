// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/range_list.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::guest {

using support::must;

Suite* range_list_suite();

namespace {

GpaRange range(uint64_t start, uint64_t size) {
    return {Gpa{start}, size};
}

START_TEST(ranges_in_any_order_are_joined) {
    const RangeList list =
        joined({range(5000, 10), range(100, 50), range(0, 100), range(20, 30), range(140, 20)});
    ck_assert(list == RangeList({range(0, 160), range(5000, 10)}));
    ck_assert_uint_eq(total_bytes(list), 170);
    ck_assert(joined({}).empty());
    const RangeList highest = joined({range(UINT64_MAX - 9, 10), range(UINT64_MAX - 19, 10)});
    ck_assert(highest == RangeList({range(UINT64_MAX - 19, 20)}));
}
END_TEST

START_TEST(blocks_that_touch_are_one_range) {
    const auto region =
        std::make_shared<const support::ScriptedRam>("ram", support::Bytes(1 << 20));
    GuestPhysBlockList blocks;
    for (const GpaRange& one : {range(0, 100), range(100, 50), range(1000, 100)})
        must(blocks.add({.range = one, .region = region, .offset = 0}));
    ck_assert(ranges_of(blocks) == RangeList({range(0, 150), range(1000, 100)}));
}
END_TEST

START_TEST(ranges_are_shared_and_left_over) {
    const RangeList a = {range(0, 150), range(1000, 100), range(5000, 10)};
    const RangeList b = {range(50, 10), range(90, 920), range(1090, 100)};
    ck_assert(common_ranges(a, b) ==
              RangeList({range(50, 10), range(90, 60), range(1000, 10), range(1090, 10)}));
    ck_assert(ranges_without(a, b) ==
              RangeList({range(0, 50), range(60, 30), range(1010, 80), range(5000, 10)}));
    ck_assert(ranges_without(b, b).empty());
    ck_assert(ranges_without(a, {}) == a);
    ck_assert(common_ranges(a, {}).empty());
}
END_TEST

}  // namespace

Suite* range_list_suite() {
    return support::make_suite("range_list",
                               {ranges_in_any_order_are_joined, blocks_that_touch_are_one_range,
                                ranges_are_shared_and_left_over});
}

}  // namespace guestdump::guest
