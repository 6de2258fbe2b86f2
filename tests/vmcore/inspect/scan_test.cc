// SPDX-License-Identifier: GPL-2.0-or-later
#include <atomic>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "vmcore/file_region.h"
#include "vmcore/inspect/findings.h"
#include "vmcore/inspect/memory_scan.h"

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;
using support::must;
using support::must_fail;

Suite* scan_suite();

namespace {

guest::GuestPhysBlockList blocks(const std::vector<GpaRange>& ranges) {
    const auto region = std::make_shared<const FileRegion>(in_memory(support::Bytes(1 << 20)));
    guest::GuestPhysBlockList list;
    for (const GpaRange& range : ranges)
        must(list.add({.range = range, .region = region, .offset = 0}));
    return list;
}

GpaRange range(uint64_t start, uint64_t size) {
    return {Gpa{start}, size};
}

START_TEST(ranges_are_joined_shared_and_left_over) {
    const auto a = blocks({range(0, 100), range(100, 50), range(1000, 100), range(5000, 10)});
    const auto b = blocks({range(50, 10), range(90, 920), range(1090, 100)});
    ck_assert(ranges_of(a) == std::vector({range(0, 150), range(1000, 100), range(5000, 10)}));
    ck_assert(common_ranges(a, b) ==
              std::vector({range(50, 10), range(90, 60), range(1000, 10), range(1090, 10)}));
    ck_assert(ranges_without(a, b) ==
              std::vector({range(0, 50), range(60, 30), range(1010, 80), range(5000, 10)}));
    ck_assert(ranges_without(b, b).empty());
    ck_assert(ranges_without(a, blocks({})) == ranges_of(a));
    ck_assert(common_ranges(a, blocks({})).empty());
}
END_TEST

START_TEST(every_byte_is_visited_once_in_pieces_that_end_at_their_multiples) {
    const std::vector<GpaRange> ranges = {range(100, 3 * kScanPiece), range(UINT64_MAX - 99, 100)};
    for (const unsigned threads : {1u, 4u}) {
        std::mutex mutex;
        std::map<uint64_t, uint64_t> seen;
        must(scan(ranges, threads, [&](size_t slot, GpaRange piece) -> Result<> {
            ck_assert_uint_lt(slot, 2 * threads);
            const std::lock_guard lock(mutex);
            seen[piece.start.value] = piece.size;
            return {};
        }));
        ck_assert_uint_eq(seen.size(), 5);
        ck_assert_uint_eq(seen[100], kScanPiece - 100);
        ck_assert_uint_eq(seen[kScanPiece], kScanPiece);
        ck_assert_uint_eq(seen[3 * kScanPiece], 100);
        ck_assert_uint_eq(seen[UINT64_MAX - 99], 100);
    }
}
END_TEST

START_TEST(error_of_a_visit_ends_the_scan) {
    const std::vector<GpaRange> ranges = {range(0, 100 * kScanPiece)};
    must_fail(scan(ranges, 2, [](size_t, GpaRange) -> Result<> { return Error::make("no more"); }),
              "no more");
}
END_TEST

START_TEST(findings_keep_the_lowest_and_count_all) {
    Findings findings;
    for (uint64_t i = 100; i > 0; --i) findings.add(i, std::to_string(i));
    ck_assert_uint_eq(findings.count(), 100);
    ck_assert_uint_eq(findings.texts().size(), Findings::kMostKept);
    ck_assert(findings.texts().front() == "1");
    ck_assert(findings.texts().back() == "20");
}
END_TEST

}  // namespace

Suite* scan_suite() {
    return support::make_suite(
        "scan", {ranges_are_joined_shared_and_left_over,
                 every_byte_is_visited_once_in_pieces_that_end_at_their_multiples,
                 error_of_a_visit_ends_the_scan, findings_keep_the_lowest_and_count_all});
}

}  // namespace guestdump::vmcore
