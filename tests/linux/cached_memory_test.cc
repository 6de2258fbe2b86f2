// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/cached_memory.h"

#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* cached_memory_suite();

namespace {

using namespace std::chrono_literals;
using guest::Gva;
using support::must;
using support::must_fail;

FakeMemory two_pages() {
    FakeMemory memory;
    support::Bytes bytes(0x2000);
    support::put_le64(bytes, 0xffc, 0x1122334455667788);
    memory.put(0x10000, std::move(bytes));
    return memory;
}

START_TEST(a_page_is_read_once) {
    const FakeMemory below = two_pages();
    const util::Cancellation never;
    const CachedMemory memory(below, never, 1000s);
    ck_assert_uint_eq(must(read_u64(memory, Gva{0x10ffc})), 0x1122334455667788);
    ck_assert_int_eq(below.reads, 2);
    for (uint64_t at = 0x10000; at < 0x12000; at += 8) must(read_u64(memory, Gva{at}));
    ck_assert_int_eq(below.reads, 2);
}
END_TEST

START_TEST(a_page_that_cannot_be_read_is_tried_once) {
    const FakeMemory below = two_pages();
    const util::Cancellation never;
    const CachedMemory memory(below, never, 1000s);
    must_fail(read_u64(memory, Gva{0x20000}), "0x20000 is not mapped");
    must_fail(read_u64(memory, Gva{0x20008}), "0x20000 is not mapped");
    ck_assert_int_eq(below.reads, 1);
    must_fail(read_u64(memory, Gva{0x11ffc}), "0x12000 is not mapped");
    must_fail(read_u64(memory, Gva{UINT64_MAX - 3}), "is not mapped");
}
END_TEST

START_TEST(more_pages_than_are_kept_are_read_again) {
    FakeMemory below;
    const uint64_t pages = CachedMemory::kMostPages + 1;
    below.put(0, support::Bytes(pages * 4096));
    const util::Cancellation never;
    const CachedMemory memory(below, never, 1000s);
    for (uint64_t page = 0; page < pages; ++page) must(read_u64(memory, Gva{page * 4096}));
    ck_assert_int_eq(below.reads, static_cast<int>(pages));
    must(read_u64(memory, Gva{0}));
    ck_assert_int_eq(below.reads, static_cast<int>(pages) + 1);
}
END_TEST

START_TEST(reading_ends_at_the_deadline) {
    const FakeMemory below = two_pages();
    const util::Cancellation never;
    const CachedMemory memory(below, never, 0ms);
    ck_assert(!memory.timed_out());
    must_fail(read_u64(memory, Gva{0x10000}), "the 0 ms for reading the guest's memory are over");
    ck_assert(memory.timed_out());
    must_fail(read_u64(memory, Gva{0x10000}), "are over");
}
END_TEST

START_TEST(reading_ends_when_it_is_cancelled) {
    const FakeMemory below = two_pages();
    util::Cancellation cancellation;
    const CachedMemory memory(below, cancellation, 1000s);
    must(read_u64(memory, Gva{0x10000}));
    cancellation.cancel();
    Result<uint64_t> last = uint64_t{0};
    for (int i = 0; i < 16 && last; ++i) last = read_u64(memory, Gva{0x10000});
    must_fail(last, "cancelled");
    ck_assert(!memory.timed_out());
}
END_TEST

START_TEST(a_string_ends_with_its_nul_or_where_it_must) {
    FakeMemory memory;
    support::Bytes bytes(100, std::byte{'x'});
    bytes[99] = std::byte{0};
    bytes.resize(0x1001);  // ends at 0x3000, the end of a page
    memory.put(0x1fff, bytes);
    ck_assert(must(read_string(memory, Gva{0x1fff}, 1000)) == std::string(99, 'x'));
    ck_assert(must(read_string(memory, Gva{0x1fff}, 10)) == std::string(10, 'x'));
    ck_assert(must(read_string(memory, Gva{0x2062}, 10)).empty());
    memory.put(0x3000, support::Bytes(64, std::byte{'y'}));
    must_fail(read_string(memory, Gva{0x3000}, 1000), "is not mapped");
}
END_TEST

}  // namespace

Suite* cached_memory_suite() {
    return support::make_suite("cached_memory", {
                                                    a_page_is_read_once,
                                                    a_page_that_cannot_be_read_is_tried_once,
                                                    more_pages_than_are_kept_are_read_again,
                                                    reading_ends_at_the_deadline,
                                                    reading_ends_when_it_is_cancelled,
                                                    a_string_ends_with_its_nul_or_where_it_must,
                                                });
}

}  // namespace guestdump::linux_guest
