// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_bitmap.h"

#include "dump/kdump/flat_sink.h"
#include "tests/support/flat_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* kdump_bitmap_suite();

namespace {

using support::must;

constexpr uint64_t kPiece = uint64_t{1} << 20;  ///< bytes that are written at once

/// Fails the test unless exactly the bits of @runs are set.
void check(uint64_t size, const std::vector<guest::PfnRun>& runs) {
    support::MemorySink sink;
    must(write_bitmap(sink, {100, size}, guest::PageSet::of(runs), Progress()));
    must(sink.finish(100 + size));
    support::Bytes expected(100 + size);
    for (const guest::PfnRun& run : runs) {
        for (uint64_t pfn = run.first; pfn < run.end; ++pfn) {
            expected[100 + pfn / 8] |= std::byte{1} << pfn % 8;
        }
    }
    ck_assert(sink.bytes() == expected);
}

START_TEST(runs_within_a_byte_and_across_bytes_are_set) {
    check(8, {{0, 1}});
    check(8, {{3, 5}, {6, 7}});
    check(8, {{5, 11}});
    check(8, {{7, 40}, {41, 64}});
    check(8, {{8, 16}});
    check(8, {{0, 64}});
    check(8, {});
}
END_TEST

START_TEST(runs_go_on_from_piece_to_piece) {
    check(2 * kPiece + 4096, {{5, 6}, {8 * kPiece - 3, 16 * kPiece + 9}});
    check(kPiece + 4096, {{8 * kPiece - 1, 8 * kPiece}, {8 * kPiece, 8 * kPiece + 1}});
}
END_TEST

START_TEST(no_write_is_larger_than_a_piece) {
    support::MemorySink sink;
    must(write_bitmap(sink, {0, 3 * kPiece + 1}, guest::PageSet::of({{0, 24 * kPiece + 8}}),
                      Progress()));
    ck_assert_uint_eq(sink.image()->writes.size(), 4);
    for (const auto& write : sink.image()->writes) ck_assert_uint_le(write.size, kPiece);
}
END_TEST

START_TEST(pieces_without_pages_become_holes_where_there_can_be_some) {
    const guest::PageSet far = guest::PageSet::of({{24 * kPiece, 24 * kPiece + 1}});
    support::MemorySink file, pipe(support::MemorySink::Order::growing);
    must(write_bitmap(file, {0, 5 * kPiece}, far, Progress()));
    must(write_bitmap(pipe, {0, 5 * kPiece}, far, Progress()));
    ck_assert_uint_eq(file.image()->writes.size(), 1);
    ck_assert_uint_eq(file.image()->writes[0].offset, 3 * kPiece);
    ck_assert_uint_eq(pipe.image()->writes.size(), 5);
    for (support::MemorySink* sink : {&file, &pipe}) must(sink->finish(5 * kPiece));
    ck_assert(file.bytes() == pipe.bytes());
}
END_TEST

START_TEST(a_flattened_bitmap_has_no_records_for_pieces_without_pages) {
    const guest::PageSet far = guest::PageSet::of({{3, 4}, {8000 * kPiece, 8000 * kPiece + 1}});
    constexpr uint64_t kSize = 1001 * kPiece;
    support::MemorySink pipe(support::MemorySink::Order::growing);
    FlatSink flat(pipe);
    must(write_bitmap(flat, {4096, kSize}, far, Progress()));
    must(flat.finish(4096 + kSize));
    const auto file = must(support::read_flat(pipe.bytes()));
    ck_assert_uint_le(pipe.bytes().size(), 2 * kPiece + 8192);
    ck_assert_uint_eq(unwritten_bytes(kSize, far), 999 * kPiece);
    ck_assert_uint_eq(file.image.size(), 4096 + kSize);
    ck_assert(file.image[4096] == std::byte{8});
    ck_assert(file.image[4096 + 1000 * kPiece] == std::byte{1});
    ck_assert(support::all_zero(support::View(file.image).subspan(4097, 1000 * kPiece - 1)));
}
END_TEST

}  // namespace

Suite* kdump_bitmap_suite() {
    return support::make_suite("kdump_bitmap",
                               {
                                   runs_within_a_byte_and_across_bytes_are_set,
                                   runs_go_on_from_piece_to_piece,
                                   no_write_is_larger_than_a_piece,
                                   pieces_without_pages_become_holes_where_there_can_be_some,
                                   a_flattened_bitmap_has_no_records_for_pieces_without_pages,
                               });
}

}  // namespace guestdump::dump
