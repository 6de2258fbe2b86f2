// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/spool.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* spool_suite();

namespace {

using support::must;
using support::must_fail;

/// A pipe whose other end is read by a spool.
struct Pipe {
    Pipe() { ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0); }
    ~Pipe() {
        close_input();
        ::close(ends[0]);
    }

    void write(const std::vector<char>& bytes) const {
        size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t put = ::write(ends[1], bytes.data() + done, bytes.size() - done);
            ck_assert(put > 0);
            done += static_cast<size_t>(put);
        }
    }

    void close_input() {
        if (ends[1] >= 0) ::close(ends[1]);
        ends[1] = -1;
    }

    std::array<int, 2> ends{-1, -1};
};

void await_end(const Spool& spool) {
    for (int tries = 0; !spool.has_ended(); ++tries) {
        ck_assert_int_lt(tries, 3000);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::vector<char> pattern(size_t size) {
    std::vector<char> bytes(size);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 4096);
    return bytes;
}

START_TEST(what_comes_through_the_pipe_is_in_the_file) {
    Pipe pipe;
    const auto spool = must(Spool::create("/tmp", 4 << 20));
    must(spool->start(pipe.ends[0]));
    const std::vector<char> sent = pattern(3 << 20);
    pipe.write(sent);
    ck_assert(!spool->has_ended());
    pipe.close_input();
    await_end(*spool);
    ck_assert_uint_eq(spool->received(), sent.size());
    const auto file = must(spool->take("the stream"));
    ck_assert_uint_eq(file->size(), sent.size());
    std::vector<char> found(sent.size());
    must(file->read_at(0, std::as_writable_bytes(std::span(found))));
    ck_assert(found == sent);
}
END_TEST

START_TEST(a_stream_beyond_the_limit_is_an_error_and_is_read_on) {
    Pipe pipe;
    const auto spool = must(Spool::create("/tmp", 1 << 20));
    must(spool->start(pipe.ends[0]));
    pipe.write(pattern(3 << 20));  // would wait for ever if nobody read
    pipe.close_input();
    await_end(*spool);
    ck_assert_uint_eq(spool->received(), 3 << 20);
    must_fail(spool->take("the stream"), "more than the 0x100000 bytes");
}
END_TEST

START_TEST(a_full_file_system_is_an_error_with_its_numbers_and_the_stream_is_read_on) {
    Pipe pipe;
    const auto spool = must(Spool::create("/tmp", 64 << 20));
    // A limit on the size of files acts as a disk that is full; the signal is ignored by our tests.
    const rlimit before = [] {
        rlimit limit;
        ::getrlimit(RLIMIT_FSIZE, &limit);
        return limit;
    }();
    const rlimit small{.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
    std::signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(::setrlimit(RLIMIT_FSIZE, &small), 0);
    must(spool->start(pipe.ends[0]));
    pipe.write(pattern(3 << 20));
    pipe.close_input();
    await_end(*spool);
    ::setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_uint_eq(spool->received(), 3 << 20);
    must_fail(spool->take("the stream"), "bytes of QEMU's stream at 0x100000");
}
END_TEST

START_TEST(a_spool_that_drops_reads_the_pipe_and_has_no_file) {
    Pipe pipe;
    const auto spool = must(Spool::to_nowhere());
    must(spool->start(pipe.ends[0]));
    pipe.write(pattern(2 << 20));
    pipe.close_input();
    await_end(*spool);
    ck_assert_uint_eq(spool->received(), 2 << 20);
    ck_assert(!spool->failure());
}
END_TEST

START_TEST(a_spool_can_be_left_while_the_pipe_is_open) {
    Pipe pipe;
    auto spool = must(Spool::create("/tmp", 1 << 20));
    must(spool->start(pipe.ends[0]));
    spool.reset();  // returns
    pipe.write(pattern(100));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error_with_its_name) {
    must_fail(Spool::create("/nonexistent", 1), "'/nonexistent'");
}
END_TEST

}  // namespace

Suite* spool_suite() {
    return support::make_suite(
        "spool", {
                     what_comes_through_the_pipe_is_in_the_file,
                     a_stream_beyond_the_limit_is_an_error_and_is_read_on,
                     a_full_file_system_is_an_error_with_its_numbers_and_the_stream_is_read_on,
                     a_spool_that_drops_reads_the_pipe_and_has_no_file,
                     a_spool_can_be_left_while_the_pipe_is_open,
                     a_directory_that_is_not_there_is_an_error_with_its_name,
                 });
}

}  // namespace guestdump::attach
