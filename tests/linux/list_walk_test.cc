// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/list_walk.h"

#include <vector>

#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* list_walk_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

/// Elements at 0x1000, 0x1010 and so on. Each points to the next one, the last one to @last.
FakeMemory chain(uint64_t count, uint64_t last) {
    FakeMemory memory;
    support::Bytes bytes(16 * count);
    for (uint64_t i = 0; i < count; ++i) {
        support::put_le64(bytes, 16 * i, i + 1 < count ? 0x1000 + 16 * (i + 1) : last);
    }
    memory.put(0x1000, std::move(bytes));
    return memory;
}

Result<std::vector<uint64_t>> walked(const FakeMemory& memory, uint64_t most = 1000) {
    std::vector<uint64_t> seen;
    TRY(walk_list(memory, Gva{0x1000}, most, [&](Gva at) -> Result<> {
        seen.push_back(at.value);
        return {};
    }));
    return seen;
}

START_TEST(a_ring_is_walked_once_around_without_its_head) {
    ck_assert(must(walked(chain(4, 0x1000))) == (std::vector<uint64_t>{0x1010, 0x1020, 0x1030}));
    ck_assert(must(walked(chain(1, 0x1000))).empty());
}
END_TEST

START_TEST(a_ring_without_its_head_is_found) {
    must_fail(walked(chain(4, 0x1010)), "goes around from");
    must_fail(walked(chain(4, 0x1030)), "goes around from 0x1030 and does not come back");
    must_fail(walked(chain(500, 0x1100)), "goes around");
}
END_TEST

START_TEST(a_list_that_is_too_long_is_left) {
    ck_assert_uint_eq(must(walked(chain(5, 0x1000), 4)).size(), 4);
    must_fail(walked(chain(6, 0x1000), 4), "the list at 0x1000 has more than 4 elements");
}
END_TEST

START_TEST(a_list_that_leads_to_nowhere_is_left) {
    must_fail(walked(chain(3, 0)), "0x0 is not mapped");
    must_fail(walked(FakeMemory()), "0x1000 is not mapped");
}
END_TEST

START_TEST(a_visitor_ends_the_walk) {
    const FakeMemory memory = chain(9, 0x1000);
    int visits = 0;
    must_fail(walk_list(memory, Gva{0x1000}, 100,
                        [&](Gva) -> Result<> {
                            if (++visits == 3) return Error::make("enough");
                            return {};
                        }),
              "enough");
    ck_assert_int_eq(visits, 3);
}
END_TEST

}  // namespace

Suite* list_walk_suite() {
    return support::make_suite("list_walk", {
                                                a_ring_is_walked_once_around_without_its_head,
                                                a_ring_without_its_head_is_found,
                                                a_list_that_is_too_long_is_left,
                                                a_list_that_leads_to_nowhere_is_left,
                                                a_visitor_ends_the_walk,
                                            });
}

}  // namespace guestdump::linux_guest
