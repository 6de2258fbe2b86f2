// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/flat_sink.h"

#include <cerrno>

#include "tests/support/faulty_sink.h"
#include "tests/support/flat_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* flat_sink_suite();

namespace {

using support::Bytes;
using support::must;

constexpr size_t kMiB = size_t{1} << 20;

/// A flattened stream to a pipe.
struct Stream {
    support::MemorySink pipe{support::MemorySink::Order::growing};
    FlatSink flat{pipe};

    support::FlatFile read() const { return must(support::read_flat(pipe.bytes())); }
};

START_TEST(bytes_in_any_order_come_out_where_they_belong) {
    Stream stream;
    const Bytes first = support::noise(1, 5000), second = support::noise(2, 3 * kMiB);
    must(stream.flat.write_at(10000, first));
    must(stream.flat.write_at(20000, second));
    must(stream.flat.write_at(0, first));
    must(stream.flat.finish(20000 + second.size()));
    ck_assert(stream.pipe.image()->finished);

    const support::FlatFile file = stream.read();
    Bytes expected;
    support::put_bytes(expected, 0, first);
    support::put_bytes(expected, 10000, first);
    support::put_bytes(expected, 20000, second);
    ck_assert(file.image == expected);
}
END_TEST

START_TEST(small_writes_that_continue_each_other_become_one_record) {
    Stream stream;
    for (uint64_t at = 0; at < kMiB; at += 4096) {
        must(stream.flat.write_at(at, support::noise(at, 4096)));
    }
    must(stream.flat.finish(kMiB));
    ck_assert_uint_eq(stream.read().records.size(), 1);
}
END_TEST

START_TEST(a_large_write_does_not_break_up_what_is_gathered) {
    Stream stream;
    must(stream.flat.write_at(0, Bytes(1000, std::byte{1})));
    must(stream.flat.write_at(5 * kMiB, Bytes(kMiB, std::byte{2})));
    must(stream.flat.write_at(1000, Bytes(1000, std::byte{3})));
    must(stream.flat.finish(6 * kMiB));
    const support::FlatFile file = stream.read();
    ck_assert_uint_eq(file.records.size(), 2);
    ck_assert_uint_eq(file.records[1].size, 2000);
    ck_assert_uint_eq(std::to_integer<unsigned>(file.image[1999]), 3);
}
END_TEST

START_TEST(a_dump_that_ends_in_a_gap_has_its_length) {
    Stream stream;
    must(stream.flat.write_at(0, Bytes(10, std::byte{1})));
    must(stream.flat.finish(5000));
    ck_assert_uint_eq(stream.read().image.size(), 5000);
}
END_TEST

START_TEST(an_empty_dump_is_a_header_and_an_end) {
    Stream stream;
    must(stream.flat.finish(0));
    ck_assert_uint_eq(stream.pipe.bytes().size(), 4096 + 16);
    ck_assert_uint_eq(stream.read().records.size(), 0);
}
END_TEST

START_TEST(a_full_target_fails_at_every_byte) {
    const size_t size = 4096 + 2 * 16 + 5000 + 16;
    for (size_t good = 0; good <= size; good += 7) {
        support::FaultySink full(std::make_unique<support::MemorySink>(), good, ENOSPC);
        FlatSink flat(full);
        util::Result<> done = flat.write_at(0, Bytes(2000));
        if (done) done = flat.write_at(3000, Bytes(3000));
        if (done) done = flat.finish(6000);
        ck_assert_int_eq(bool(done), false);
        ck_assert_int_eq(done.error().os_error(), ENOSPC);
    }
}
END_TEST

}  // namespace

Suite* flat_sink_suite() {
    return support::make_suite("flat_sink",
                               {
                                   bytes_in_any_order_come_out_where_they_belong,
                                   small_writes_that_continue_each_other_become_one_record,
                                   a_large_write_does_not_break_up_what_is_gathered,
                                   a_dump_that_ends_in_a_gap_has_its_length,
                                   an_empty_dump_is_a_header_and_an_end,
                                   a_full_target_fails_at_every_byte,
                               });
}

}  // namespace guestdump::dump
