// SPDX-License-Identifier: GPL-2.0-or-later
#include <atomic>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "vmcore/inspect/findings.h"
#include "vmcore/inspect/memory_scan.h"

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;
using support::must;
using support::must_fail;

Suite* scan_suite();

namespace {

GpaRange range(uint64_t start, uint64_t size) {
    return {Gpa{start}, size};
}

/// Everything is populated.
guest::RamExtent all_data(Gpa, uint64_t limit) {
    return {.length = limit, .populated = true};
}

START_TEST(every_byte_is_visited_once_in_pieces_that_end_at_their_multiples) {
    const std::vector<GpaRange> ranges = {range(100, 3 * kScanPiece), range(UINT64_MAX - 99, 100)};
    for (const unsigned threads : {1u, 4u}) {
        std::mutex mutex;
        std::map<uint64_t, uint64_t> seen;
        dump::Progress progress;
        must(scan(ranges, all_data, threads, &progress,
                  [&](size_t slot, GpaRange piece) -> Result<> {
                      ck_assert_uint_lt(slot, 2 * threads);
                      const std::lock_guard lock(mutex);
                      seen[piece.start.value] = piece.size;
                      return {};
                  }));
        ck_assert_uint_eq(seen.size(), 5);
        ck_assert_uint_eq(progress.completed(), 3 * kScanPiece + 100);
        ck_assert_uint_eq(seen[100], kScanPiece - 100);
        ck_assert_uint_eq(seen[kScanPiece], kScanPiece);
        ck_assert_uint_eq(seen[3 * kScanPiece], 100);
        ck_assert_uint_eq(seen[UINT64_MAX - 99], 100);
    }
}
END_TEST

START_TEST(page_that_is_data_in_part_is_in_one_piece) {
    const guest::RangeList ranges = {range(0x1000, 0x4000)};
    // Data at 0x1800-0x27ff and 0x2900-0x29ff.
    const auto extent_of = [&](Gpa from, uint64_t limit) -> guest::RamExtent {
        for (const uint64_t change : {0x1800u, 0x2800u, 0x2900u, 0x2a00u}) {
            const bool populated = change == 0x2800u || change == 0x2a00u;
            if (from.value < change)
                return {.length = std::min(limit, change - from.value), .populated = populated};
        }
        return {.length = limit, .populated = false};
    };
    std::map<uint64_t, uint64_t> seen;
    must(scan(ranges, extent_of, 1, nullptr, [&](size_t, GpaRange piece) -> Result<> {
        seen[piece.start.value] = piece.size;
        return {};
    }));
    ck_assert_uint_eq(seen.size(), 2);
    ck_assert_uint_eq(seen[0x1000], 0x1000);
    ck_assert_uint_eq(seen[0x2000], 0x1000);
}
END_TEST

START_TEST(holes_are_skipped_however_large_they_are) {
    constexpr uint64_t kTib = uint64_t{1} << 40;
    const guest::RangeList ranges = {range(0, kTib), range(2 * kTib, 4096)};
    size_t asked = 0;
    // 8 KiB of data at 64 GiB and at the end of the first range; everything else is a hole.
    const auto extent_of = [&](Gpa from, uint64_t limit) -> guest::RamExtent {
        ++asked;
        for (const uint64_t data : {kTib / 16, kTib - 8192}) {
            const uint64_t end = data + 8192;
            if (from.value < data) return {.length = std::min(limit, data - from.value)};
            if (from.value < end)
                return {.length = std::min(limit, end - from.value), .populated = true};
        }
        return {.length = limit};
    };
    std::vector<GpaRange> seen;
    must(scan(ranges, extent_of, 1, nullptr, [&](size_t, GpaRange piece) -> Result<> {
        seen.push_back(piece);
        return {};
    }));
    ck_assert(seen == std::vector({range(kTib / 16, 8192), range(kTib - 8192, 8192)}));
    ck_assert_uint_le(asked, 6);
}
END_TEST

START_TEST(error_of_a_visit_ends_the_scan) {
    const std::vector<GpaRange> ranges = {range(0, 100 * kScanPiece)};
    must_fail(scan(ranges, all_data, 2, nullptr,
                   [](size_t, GpaRange) -> Result<> { return Error::make("no more"); }),
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
        "scan", {page_that_is_data_in_part_is_in_one_piece,
                 every_byte_is_visited_once_in_pieces_that_end_at_their_multiples,
                 holes_are_skipped_however_large_they_are, error_of_a_visit_ends_the_scan,
                 findings_keep_the_lowest_and_count_all});
}

}  // namespace guestdump::vmcore
