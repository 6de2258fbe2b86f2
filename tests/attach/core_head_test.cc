// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/core_head.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "tests/attach/small_head.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* core_head_suite();

namespace {

using support::must;
using support::must_fail;

/// Reads the head of a dump that consists of @bytes.
Result<CoreHead> head_of(const Bytes& bytes) {
    HoldPipe pipe = must(HoldPipe::create());
    util::UniqueFd input(::dup(pipe.input()));
    pipe.close_input();
    std::jthread writer([&bytes, input = std::move(input)]() mutable {
        size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t wrote = ::write(input.get(), bytes.data() + done, bytes.size() - done);
            if (wrote <= 0) break;
            done += static_cast<size_t>(wrote);
        }
        input.reset();
    });
    Result<CoreHead> head = read_head(pipe, -1);
    pipe.close();
    return head;
}

START_TEST(loads_and_notes_come_and_nothing_of_memory) {
    Bytes dump = small_head({{.paddr = 0, .size = 0xa0000}, {.paddr = 0x100000, .size = 0x3000}});
    const size_t size = dump.size();
    dump.resize(size + 8192);
    const CoreHead head = must(head_of(dump));
    ck_assert_uint_eq(head.bytes.size(), size);
    ck_assert_uint_eq(head.loads.size(), 2);
    ck_assert_uint_eq(head.loads[1].range.start.value, 0x100000);
    ck_assert_uint_eq(head.loads[1].range.size, 0x3000);
    ck_assert_uint_eq(head.loads[0].offset, size);
    ck_assert_uint_eq(head.loads[1].offset, size + 0xa0000);
}
END_TEST

START_TEST(notes_larger_than_a_pipe_come_whole) {
    Bytes dump = small_head({{.paddr = 0, .size = 0x1000, .offset = 0x200000}});
    support::put_le64(dump, 192 + 32, 0x100000);  // p_filesz of PT_NOTE
    dump.resize(0x200000);
    ck_assert_uint_eq(must(head_of(dump)).bytes.size(), 192 + 56 * 2 + 0x100000);
}
END_TEST

START_TEST(a_head_that_ends_at_any_byte_is_an_error) {
    const Bytes dump = small_head({{.paddr = 0, .size = 0x1000}});
    for (size_t size = 0; size < dump.size(); size += 7) {
        must_fail(head_of(Bytes(dump.begin(), dump.begin() + static_cast<ptrdiff_t>(size))),
                  "the machine ended its dump ahead of guest memory");
    }
}
END_TEST

START_TEST(what_is_no_head_of_a_core_file_is_refused) {
    Bytes dump = small_head({{.paddr = 0, .size = 0x1000}});
    support::put_text(dump, 0, "KDUMP");
    must_fail(head_of(dump), "does not begin as an ELF file");
    dump = small_head({{.paddr = 0, .size = 0x1000}});
    support::put_le16(dump, 16, 2);
    must_fail(head_of(dump), "e_type is 2");
    dump = small_head({{.paddr = 0, .size = 0x1000}});
    support::put_le16(dump, 18, 183);
    must_fail(head_of(dump), "e_machine is 183");
}
END_TEST

START_TEST(loads_that_cannot_be_are_refused) {
    must_fail(head_of(small_head({{.paddr = uint64_t{1} << 52, .size = 0x1000}})), "52 bits");
    must_fail(head_of(small_head({{.paddr = 0, .size = UINT64_MAX}})), "52 bits");
    must_fail(head_of(small_head({{.paddr = 0, .size = 0x1000, .offset = 0x10}})),
              "PT_LOAD at offset 0x10");
    must_fail(head_of(small_head({{.paddr = 0, .size = 0x2000, .offset = 0x5000},
                                  {.paddr = 0x8000, .size = 0x1000, .offset = 0x6000}})),
              "PT_LOAD at offset 0x6000");
}
END_TEST

START_TEST(a_head_that_promises_gigabytes_is_refused) {
    Bytes dump = small_head({{.paddr = 0, .size = 0x1000}});
    support::put_le64(dump, 192 + 32, uint64_t{1} << 40);
    must_fail(head_of(dump), "ahead of memory");
    dump = small_head({{.paddr = 0, .size = 0x1000}});
    support::put_le64(dump, 32, uint64_t{1} << 40);  // e_phoff
    must_fail(head_of(dump), "ahead of memory");
}
END_TEST

START_TEST(waiting_ends_when_it_is_interrupted) {
    const HoldPipe pipe = must(HoldPipe::create());
    const util::UniqueFd interrupt(::eventfd(1, EFD_CLOEXEC));
    const auto head = read_head(pipe, interrupt.get());
    ck_assert(!head && head.error().os_error() == EINTR);
}
END_TEST

}  // namespace

Suite* core_head_suite() {
    return support::make_suite("core_head", {
                                                loads_and_notes_come_and_nothing_of_memory,
                                                notes_larger_than_a_pipe_come_whole,
                                                a_head_that_ends_at_any_byte_is_an_error,
                                                what_is_no_head_of_a_core_file_is_refused,
                                                loads_that_cannot_be_are_refused,
                                                a_head_that_promises_gigabytes_is_refused,
                                                waiting_ends_when_it_is_interrupted,
                                            });
}

}  // namespace guestdump::attach
