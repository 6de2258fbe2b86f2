// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/memory_sink.h"

#include <cerrno>

#include "tests/support/faulty_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::support {

Suite* memory_sink_suite();

namespace {

const Bytes kFour(4, std::byte{0x44});

START_TEST(gaps_and_the_end_read_as_zero) {
    MemorySink sink;
    must(sink.write_at(8, kFour));
    must(sink.write_at(0, kFour));
    must(sink.finish(16));
    ck_assert_uint_eq(sink.bytes().size(), 16);
    ck_assert_uint_eq(le32_at(sink.bytes(), 0), 0x44444444);
    ck_assert_uint_eq(le32_at(sink.bytes(), 4), 0);
    ck_assert_uint_eq(le32_at(sink.bytes(), 12), 0);
    ck_assert(sink.image()->finished);
}
END_TEST

START_TEST(bytes_written_twice_are_an_error) {
    for (const uint64_t again : {97u, 100u, 103u}) {
        MemorySink sink;
        must(sink.write_at(100, kFour));
        must(sink.write_at(96, kFour));
        must(sink.write_at(104, kFour));
        must_fail(sink.write_at(again, kFour), "written twice");
    }
}
END_TEST

START_TEST(growing_sink_refuses_to_go_back) {
    MemorySink sink(MemorySink::Order::growing);
    ck_assert(!sink.random_access());
    must(sink.write_at(100, kFour));
    must_fail(sink.write_at(0, kFour), "below 104");
}
END_TEST

START_TEST(nothing_can_be_written_after_the_end) {
    MemorySink sink;
    must(sink.write_at(0, kFour));
    must_fail(sink.finish(3), "before the last byte");
    must(sink.finish(4));
    must_fail(sink.write_at(8, kFour), "after its end");
    must_fail(sink.finish(4), "twice");
}
END_TEST

START_TEST(faulty_sink_takes_so_many_bytes_and_no_more) {
    auto memory = std::make_unique<MemorySink>();
    const auto image = memory->image();
    FaultySink sink(std::move(memory), 6, ENOSPC);
    must(sink.write_at(0, kFour));
    const util::Result<> failed = sink.write_at(4, kFour);
    must_fail(failed, "writing 4 bytes at offset 4: No space left on device");
    ck_assert_int_eq(failed.error().os_error(), ENOSPC);
    ck_assert_uint_eq(image->bytes.size(), 6);
    must_fail(sink.finish(8), "No space");
    ck_assert(!image->finished);
}
END_TEST

START_TEST(faulty_sink_fails_at_the_end_when_nothing_else_came) {
    FaultySink sink(std::make_unique<MemorySink>(), 4, EIO);
    must(sink.write_at(0, kFour));
    must_fail(sink.finish(4), "finishing at 4");
}
END_TEST

}  // namespace

Suite* memory_sink_suite() {
    return make_suite("memory_sink",
                      {gaps_and_the_end_read_as_zero, bytes_written_twice_are_an_error,
                       growing_sink_refuses_to_go_back, nothing_can_be_written_after_the_end,
                       faulty_sink_takes_so_many_bytes_and_no_more,
                       faulty_sink_fails_at_the_end_when_nothing_else_came});
}

}  // namespace guestdump::support
