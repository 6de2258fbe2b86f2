// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/log/kernel_log.h"

#include "tests/linux/fake_memory.h"
#include "tests/linux/small_linux.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* kernel_log_suite();

namespace {

using support::must;
using support::must_fail;

constexpr uint64_t kRing = SmallLinux::kLog + 0x100, kDescs = SmallLinux::kLog + 0x200,
                   kInfos = SmallLinux::kLog + 0x400, kText = SmallLinux::kLog + 0x800;

KernelLog log_of(const SmallLinux& small) {
    return must(read_kernel_log(small.memory(), Vmcoreinfo(small.lines())));
}

START_TEST(messages_of_a_ring_are_told_oldest_first) {
    const KernelLog log = log_of(SmallLinux());
    ck_assert_uint_eq(log.records.size(), 3);
    ck_assert(log.incomplete.empty());
    const LogRecord& first = log.records[0];
    ck_assert(first.text == "Linux version 6.1.0");
    ck_assert_uint_eq(first.time, 1500000000);
    ck_assert_uint_eq(first.level, 5);
    ck_assert(first.caller && first.caller->is_cpu && first.caller->number == 1);
    ck_assert(log.records[1].text == "two\nlines \x1b[2J");
    ck_assert(!log.records[1].caller->is_cpu && log.records[1].caller->number == 7);
    ck_assert_uint_eq(log.records[2].level, 3);
}
END_TEST

START_TEST(messages_that_are_being_written_are_left_out) {
    for (const uint64_t state : {uint64_t{0} << 62 | 1, uint64_t{3} << 62 | 1,
                                 uint64_t{2} << 62 | 9}) {  // reserved; reusable; another ID
        SmallLinux small;
        small.put64(kDescs + 24, state);
        ck_assert_uint_eq(log_of(small).records.size(), 2);
    }
}
END_TEST

START_TEST(a_message_may_have_lost_its_text) {
    SmallLinux small;
    small.put64(kDescs + 8, 1);
    small.put64(kDescs + 16, 1);
    const KernelLog log = log_of(small);
    ck_assert_uint_eq(log.records.size(), 3);
    ck_assert(log.records[0].text.empty());
}
END_TEST

START_TEST(text_that_does_not_fit_the_end_of_the_ring_is_at_its_start) {
    SmallLinux small;
    small.put64(kDescs + 24 + 8, 1024 - 16);  // of a ring of 1024 bytes
    small.put64(kDescs + 24 + 16, 1024 + 24);
    support::put_text(small.image(), kText + 8, "wrapped around");
    ck_assert(log_of(small).records[1].text == "wrapped around");
}
END_TEST

START_TEST(a_length_beyond_the_block_is_cut) {
    SmallLinux small;
    support::put_le16(small.image(), kInfos + 16, 0xffff);
    ck_assert_uint_eq(log_of(small).records[0].text.size(), 24);
}
END_TEST

START_TEST(ids_may_go_around) {
    SmallLinux small;
    small.put64(kRing + 32, (uint64_t{1} << 62) - 1);  // the tail, before 0
    ck_assert_uint_eq(log_of(small).records.size(), 3);
    small.put64(kRing + 32, 5);  // the range exceeds the ring: only as many are read as it has
    ck_assert_uint_le(log_of(small).records.size(), 8);
}
END_TEST

START_TEST(rings_that_cannot_be_are_refused) {
    SmallLinux small;
    const Vmcoreinfo lines(small.lines());
    small.put32(kRing, 32);
    must_fail(read_kernel_log(small.memory(), lines), "ring of descriptors has 2^32 entries");
    small.put32(kRing, 3);
    small.put32(kRing + 48, 99);
    must_fail(read_kernel_log(small.memory(), lines), "ring of text has 2^99 entries");
    small.put64(SmallLinux::kLog, 0x1234);
    must_fail(read_kernel_log(small.memory(), lines), "is not mapped");
}
END_TEST

START_TEST(a_ring_that_cannot_be_read_to_its_end_is_incomplete) {
    SmallLinux small;
    small.put64(kRing + 16, 0x5000);  // infos
    const KernelLog log = log_of(small);
    ck_assert(log.records.empty());
    ck_assert(log.incomplete.find("is not mapped") != log.incomplete.npos);
}
END_TEST

START_TEST(a_missing_line_is_named) {
    const SmallLinux small;
    const std::string line = "SIZE(prb_desc)=24\n";
    for (const char* other : {"", "SIZE(prb_desc)=\n", "SIZE(prb_desc)=2x\n",
                              "SIZE(prb_desc)=65537\n", "SIZE(prb_desc)=-1\n"}) {
        std::string lines = small.lines();
        lines.replace(lines.find(line), line.size(), other);
        must_fail(read_kernel_log(small.memory(), Vmcoreinfo(lines)),
                  "VMCOREINFO does not have a usable line SIZE(prb_desc)");
    }
    must_fail(read_kernel_log(small.memory(), Vmcoreinfo("OSRELEASE=2.6.32\n")),
              "neither SYMBOL(prb) nor SYMBOL(log_first_idx)");
}
END_TEST

/// A log of Linux 3.5 to 5.9, in a buffer of 256 bytes.
struct OldLog {
    static constexpr uint64_t kBuffer = 0x10000;
    FakeMemory memory;
    support::Bytes buffer = support::Bytes(256);
    uint32_t first = 0, next = 0;

    /// Writes a record of @length bytes at @at.
    void write(uint32_t at, uint16_t length, uint64_t time, const std::string& text) {
        support::put_le64(buffer, at, time);
        support::put_le16(buffer, at + 8, length);
        support::put_le16(buffer, at + 10, static_cast<uint16_t>(text.size()));
        buffer[at + 15] = std::byte{4 << 5};
        support::put_text(buffer, at + 16, text);
    }

    Result<KernelLog> read(const char* type = "printk_log", uint32_t size = 256) {
        memory.put(kBuffer, buffer);
        memory.put_u64(0x1000, kBuffer);
        memory.put_u64(0x2000, size);
        memory.put_u64(0x3000, first);
        memory.put_u64(0x4000, next);
        const std::string name = type;
        return read_kernel_log(
            memory, Vmcoreinfo("SYMBOL(log_buf)=1000\nSYMBOL(log_buf_len)=2000\n"
                               "SYMBOL(log_first_idx)=3000\nSYMBOL(log_next_idx)=4000\nSIZE(" +
                               name + ")=16\nOFFSET(" + name + ".ts_nsec)=0\nOFFSET(" + name +
                               ".len)=8\nOFFSET(" + name + ".text_len)=10\nOFFSET(" + name +
                               ".dict_len)=12\n"));
    }
};

START_TEST(the_log_of_older_kernels_is_read) {
    for (const char* type : {"printk_log", "log"}) {
        OldLog log;
        log.write(0, 32, 1000, "first");
        log.write(32, 40, 2000, "second");
        log.next = 72;
        const KernelLog read = must(log.read(type));
        ck_assert_uint_eq(read.records.size(), 2);
        ck_assert(read.records[1].text == "second");
        ck_assert_uint_eq(read.records[1].time, 2000);
        ck_assert_uint_eq(read.records[1].level, 4);
        ck_assert(!read.records[1].caller);
    }
}
END_TEST

START_TEST(the_log_of_older_kernels_goes_around) {
    OldLog log;
    log.write(200, 32, 1, "old");
    log.write(0, 32, 2, "new");  // the record at 232 has length 0: the next one is at 0
    log.first = 200;
    log.next = 32;
    const KernelLog read = must(log.read());
    ck_assert_uint_eq(read.records.size(), 2);
    ck_assert(read.records[0].text == "old" && read.records[1].text == "new");
}
END_TEST

START_TEST(older_logs_that_make_no_sense_end) {
    OldLog ends_never;
    ends_never.next = 100;  // records of length 0 lead back to the start each time
    const KernelLog never = must(ends_never.read());
    ck_assert(never.incomplete.find("do not end at 100") != never.incomplete.npos);

    OldLog too_long;
    too_long.write(0, 300, 1, "x");
    too_long.next = 100;
    ck_assert(!must(too_long.read()).incomplete.empty());

    OldLog short_one;
    short_one.write(0, 16, 1, "does not fit");
    short_one.next = 100;
    ck_assert(!must(short_one.read()).incomplete.empty());

    OldLog outside;
    outside.first = 256;
    must_fail(outside.read(), "the log's messages go from 256 to 0 of a buffer of 256 bytes");
    outside.first = 0;
    outside.next = 257;
    must_fail(outside.read(), "go from 0 to 257");
}
END_TEST

}  // namespace

Suite* kernel_log_suite() {
    return support::make_suite("kernel_log",
                               {
                                   messages_of_a_ring_are_told_oldest_first,
                                   messages_that_are_being_written_are_left_out,
                                   a_message_may_have_lost_its_text,
                                   text_that_does_not_fit_the_end_of_the_ring_is_at_its_start,
                                   a_length_beyond_the_block_is_cut,
                                   ids_may_go_around,
                                   rings_that_cannot_be_are_refused,
                                   a_ring_that_cannot_be_read_to_its_end_is_incomplete,
                                   a_missing_line_is_named,
                                   the_log_of_older_kernels_is_read,
                                   the_log_of_older_kernels_goes_around,
                                   older_logs_that_make_no_sense_end,
                               });
}

}  // namespace guestdump::linux_guest
