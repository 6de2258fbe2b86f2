// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/reassemble.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/small_files.h"
#include "util/thread.h"
#include "vmcore/file_source.h"
#include "vmcore/kdump/flat_source.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* reassemble_suite();

namespace {

constexpr size_t kHeader = 4096, kRecord = 16;

util::UniqueFd file_of(const Bytes& bytes) {
    util::UniqueFd fd(::memfd_create("flattened", MFD_CLOEXEC));
    ck_assert_int_eq(::pwrite(fd.get(), bytes.data(), bytes.size(), 0),
                     static_cast<ssize_t>(bytes.size()));
    return fd;
}

InputStream stream_of(const Bytes& bytes) {
    return InputStream("stream", file_of(bytes));
}

/// What reassemble() makes of @flat.
Result<Bytes> reassembled(const Bytes& flat) {
    InputStream stream = stream_of(flat);
    const util::UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
    TRY(reassemble(stream, out.get(), "out"));
    Bytes whole(static_cast<size_t>(::lseek(out.get(), 0, SEEK_END)));
    ck_assert_int_eq(::pread(out.get(), whole.data(), whole.size(), 0),
                     static_cast<ssize_t>(whole.size()));
    return whole;
}

Bytes first_of(const Bytes& bytes, size_t size) {
    return Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
}

Bytes small_kdump() {
    return SmallKdump{.pages = {{.pfn = 3, .flags = 1, .contents = text_page(3)}}}.file();
}

START_TEST(random_records_become_the_file_that_flat_source_reads) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        const Bytes dice = noise(seed, 4 * 40);
        Bytes flat;
        put_flat_header(flat);
        for (size_t i = 0; i < 40; ++i) {
            const uint64_t offset = support::le16_at(dice, 4 * i) % 5000;
            put_flat_record(flat, offset,
                            noise(seed * 100 + i, 1 + support::le16_at(dice, 4 * i + 2) % 600));
        }
        put_flat_end(flat);
        const auto source =
            must(FlatSource::open(must(FileSource::of("flattened", file_of(flat)))));
        Bytes expected(source->size());
        must(source->read_at(0, expected));
        ck_assert(must(reassembled(flat)) == expected);
    }
}
END_TEST

START_TEST(a_record_may_be_larger_than_what_is_read_at_once) {
    Bytes flat;
    put_flat_header(flat);
    put_flat_record(flat, 10, noise(1, (2 << 20) + 5));
    put_flat_end(flat);
    const Bytes whole = must(reassembled(flat));
    ck_assert_uint_eq(whole.size(), 10 + (2 << 20) + 5);
    ck_assert(Bytes(whole.begin() + 10, whole.end()) == noise(1, (2 << 20) + 5));
}
END_TEST

START_TEST(a_stream_that_ends_anywhere_too_early_is_refused) {
    Bytes flat;
    put_flat_header(flat);
    put_flat_record(flat, 0, noise(1, 50));
    put_flat_end(flat);
    for (size_t size = 0; size < flat.size(); size = size < kHeader ? size + 1365 : size + 1) {
        const std::string ends = "it ends at offset " + std::to_string(size) + ", before the end";
        must_fail(reassembled(first_of(flat, size)), ends.c_str());
    }
    must(reassembled(flat));
}
END_TEST

START_TEST(records_that_cannot_be_are_refused) {
    struct Bad {
        uint64_t offset, size;
        const char* error;
    };
    const Bad bad[] = {{0, 0, "the record at offset 4096 has size 0"},
                       {0, UINT64_MAX, "has size -1 and offset 0"},
                       {UINT64_MAX, 8, "has size 8 and offset -1"},
                       {INT64_MAX, 1, "has size 1 and offset 9223372036854775807"}};
    for (const Bad& record : bad) {
        Bytes flat;
        put_flat_header(flat);
        support::put_be64(flat, kHeader, record.offset);
        support::put_be64(flat, kHeader + 8, record.size);
        flat.resize(kHeader + kRecord + 8);
        must_fail(reassembled(flat), record.error);
    }
    Bytes newer;
    put_flat_header(newer);
    support::put_be64(newer, 24, 2);
    must_fail(reassembled(newer), "type 1 version 2, where type 1 version 1");
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error_with_the_name_of_the_target) {
    Bytes flat;
    put_flat_header(flat);
    put_flat_record(flat, 0, noise(1, 50));
    InputStream stream = stream_of(flat);
    const util::UniqueFd read_only(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    must_fail(reassemble(stream, read_only.get(), "out"), "writing 'out': Bad file descriptor");
}
END_TEST

START_TEST(a_kdump_is_recognized_by_its_start_and_nothing_is_read) {
    const Bytes kdump = flattened(small_kdump(), 700);
    InputStream stream = stream_of(kdump);
    ck_assert(must(carries_kdump(stream)));
    Bytes all(kdump.size() + 1);
    ck_assert_uint_eq(must(stream.read(all)), kdump.size());
    all.resize(kdump.size());
    ck_assert(all == kdump);
    Bytes later;  // the file's start is not the first that comes
    put_flat_header(later);
    put_flat_record(later, 4096, small_kdump());
    const SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 10000)}}};
    for (const Bytes& other : {flattened(elf.file(), 700), small_kdump(), later, Bytes(),
                               first_of(kdump, kHeader + kRecord + 7)}) {
        InputStream no_kdump = stream_of(other);
        ck_assert(!must(carries_kdump(no_kdump)));
    }
}
END_TEST

START_TEST(a_descriptor_that_does_not_wait_is_waited_for) {
    int ends[2];
    ck_assert_int_eq(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    InputStream stream("stream", util::UniqueFd(ends[0]));
    util::UniqueFd writer(ends[1]);
    util::Thread late = must(util::Thread::start([&] {
        usleep(20000);
        ck_assert_int_eq(::write(writer.get(), "abc", 3), 3);
        writer.reset();
    }));
    Bytes buffer(10);
    ck_assert_uint_eq(must(stream.peek(2)).size(), 2);
    ck_assert_uint_eq(must(stream.read(buffer)), 3);
    late.join();
}
END_TEST

}  // namespace

Suite* reassemble_suite() {
    return support::make_suite(
        "reassemble",
        {random_records_become_the_file_that_flat_source_reads,
         a_record_may_be_larger_than_what_is_read_at_once,
         a_stream_that_ends_anywhere_too_early_is_refused, records_that_cannot_be_are_refused,
         what_cannot_be_written_is_an_error_with_the_name_of_the_target,
         a_kdump_is_recognized_by_its_start_and_nothing_is_read,
         a_descriptor_that_does_not_wait_is_waited_for});
}

}  // namespace guestdump::vmcore
