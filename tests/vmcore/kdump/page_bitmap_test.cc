// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/page_bitmap.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"

namespace guestdump::vmcore {

using support::Bytes;
using support::must;
using support::must_fail;
using support::noise;

Suite* page_bitmap_suite();

namespace {

bool bit(const Bytes& bitmap, uint64_t pfn) {
    return (std::to_integer<unsigned>(bitmap[pfn / 8]) >> pfn % 8 & 1) != 0;
}

START_TEST(runs_say_what_the_bits_say) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        Bytes bitmap = noise(seed, 600);
        for (size_t i = 100; i < 200; ++i) bitmap[i] = std::byte{0xff};
        for (size_t i = 300; i < 400; ++i) bitmap[i] = std::byte{0};
        const uint64_t max_mapnr = 4800 - seed;  // ends inside a byte

        const PageBitmap runs = must(PageBitmap::read(*in_memory(bitmap), 0, max_mapnr));

        uint64_t rank = 0;
        for (uint64_t pfn = 0; pfn < max_mapnr; ++pfn) {
            const BitmapRun* run = runs.find(pfn);
            ck_assert_int_eq(run != nullptr, bit(bitmap, pfn));
            if (run) ck_assert_uint_eq(run->rank + (pfn - run->first), rank++);
        }
        ck_assert_uint_eq(runs.pages(), rank);
        ck_assert_ptr_null(runs.find(max_mapnr));
        for (size_t i = 1; i < runs.view().size(); ++i) {
            ck_assert_uint_lt(runs.view()[i - 1].end(), runs.view()[i].first);
        }
    }
}
END_TEST

START_TEST(next_run_is_found_from_a_gap) {
    Bytes bitmap(8);
    bitmap[2] = std::byte{0x0c};  // 18, 19
    const PageBitmap runs = must(PageBitmap::read(*in_memory(bitmap), 0, 64));
    ck_assert_uint_eq(runs.find_from(0)->first, 18);
    ck_assert_uint_eq(runs.find_from(19)->first, 18);
    ck_assert_ptr_null(runs.find_from(20));
}
END_TEST

START_TEST(bitmap_that_is_scattered_beyond_belief_is_refused) {
    const Bytes bitmap((PageBitmap::kMaxRuns + 4) / 4, std::byte{0x55});
    must_fail(PageBitmap::read(*in_memory(bitmap), 0, 8 * bitmap.size()), "more than 4194304 runs");
}
END_TEST

}  // namespace

Suite* page_bitmap_suite() {
    return support::make_suite("page_bitmap",
                               {runs_say_what_the_bits_say, next_run_is_found_from_a_gap,
                                bitmap_that_is_scattered_beyond_belief_is_refused});
}

}  // namespace guestdump::vmcore
