// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/target/targets.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "tests/dump/written_dump.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::dump {

Suite* stream_sink_suite();

namespace {

using support::must;
using support::must_fail;
using util::UniqueFd;

START_TEST(pipe_gets_zeros_for_gaps_and_its_end) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    ck_assert(!sink->random_access());
    write_dump(*sink);
    std::array<std::byte, 300> bytes;
    ck_assert_int_eq(::read(reader.get(), bytes.data(), bytes.size()), 200);
    expect_dump(support::View(bytes).first(200));
    ck_assert_int_eq(::read(reader.get(), bytes.data(), 1), 0);
}
END_TEST

START_TEST(pipe_cannot_go_back) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    must_fail(sink->write_at(99, kData), "'pipe' cannot seek back from offset 100 to 99");
}
END_TEST

START_TEST(a_large_write_reaches_a_slow_reader_whole) {
    std::array<int, 2> ends;
    for (const int kind : {0, 1, 2, 3}) {
        const bool socket = kind & 1, waits = kind & 2;
        ck_assert_int_eq(
            socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) : ::pipe(ends.data()), 0);
        UniqueFd reader(ends[0]);
        // The client may have made its end non-blocking.
        if (!waits) ck_assert_int_eq(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
        const support::Bytes data = support::noise(1, 3 << 20);
        support::Bytes got;
        std::thread drain([&] {
            std::array<std::byte, 7000> piece;
            while (true) {
                const ssize_t size = ::read(reader.get(), piece.data(), piece.size());
                if (size <= 0) break;
                got.insert(got.end(), piece.begin(), piece.begin() + size);
            }
        });
        auto sink = must(make_fd_sink(UniqueFd(ends[1]), "stream"));
        must(sink->write_at(0, data));
        must(sink->finish(data.size()));
        must(sink->commit());
        drain.join();
        ck_assert(support::same(got, data));
    }
}
END_TEST

START_TEST(clients_pipe_does_not_become_nonblocking) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]), mine(::dup(ends[1]));
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    ck_assert_int_eq(::fcntl(mine.get(), F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(reader_that_goes_away_is_an_error_not_a_signal) {
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    must(sink->write_at(0, kData));
    reader.reset();
    const util::Result<> gone = sink->write_at(100, kData);
    must_fail(gone, "writing 100 bytes at offset 100 of 'pipe': Broken pipe");
    ck_assert_int_eq(gone.error().os_error(), EPIPE);
}
END_TEST

START_TEST(interrupt_ends_the_wait_for_a_reader_that_stalls) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader(ends[0]);
    const auto sink = must(make_fd_sink(UniqueFd(ends[1]), "pipe"));
    std::thread soon([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        sink->interrupt();
    });
    must_fail(sink->write_at(0, support::Bytes(1 << 20)), "cancelled");
    soon.join();
}
END_TEST

/// A pseudo-terminal that passes every byte unchanged. It blocks.
struct Terminal {
    UniqueFd master{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    UniqueFd slave{};

    Terminal() {
        ck_assert(master && ::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
        slave.reset(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        termios raw;
        ck_assert_int_eq(::tcgetattr(slave.get(), &raw), 0);
        ::cfmakeraw(&raw);
        ck_assert_int_eq(::tcsetattr(slave.get(), TCSANOW, &raw), 0);
    }
};

START_TEST(interrupt_ends_the_wait_for_a_terminal_that_nobody_reads) {
    for (const bool to_master : {false, true}) {
        Terminal terminal;
        UniqueFd& ours = to_master ? terminal.master : terminal.slave;
        const UniqueFd clients(::fcntl(ours.get(), F_DUPFD_CLOEXEC, 0));
        const auto sink = must(make_fd_sink(std::move(ours), "terminal"));
        std::thread soon([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            sink->interrupt();
        });
        must_fail(sink->write_at(0, support::Bytes(1 << 20)), "cancelled");
        soon.join();
        ck_assert_int_eq(::fcntl(clients.get(), F_GETFL) & O_NONBLOCK, 0);
    }
}
END_TEST

START_TEST(terminal_gets_the_bytes_in_order) {
    Terminal terminal;
    const support::Bytes data = support::noise(1, 100000);
    support::Bytes got;
    std::thread drain([&] {
        std::array<std::byte, 7000> piece;
        while (got.size() < data.size()) {
            const ssize_t size = ::read(terminal.master.get(), piece.data(), piece.size());
            if (size <= 0) break;
            got.insert(got.end(), piece.begin(), piece.begin() + size);
        }
    });
    must(must(make_fd_sink(std::move(terminal.slave), "terminal"))->write_at(0, data));
    drain.join();
    ck_assert(support::same(got, data));
}
END_TEST

}  // namespace

Suite* stream_sink_suite() {
    return support::make_suite(
        "stream_sink",
        {pipe_gets_zeros_for_gaps_and_its_end, pipe_cannot_go_back,
         a_large_write_reaches_a_slow_reader_whole, clients_pipe_does_not_become_nonblocking,
         reader_that_goes_away_is_an_error_not_a_signal,
         interrupt_ends_the_wait_for_a_reader_that_stalls,
         interrupt_ends_the_wait_for_a_terminal_that_nobody_reads,
         terminal_gets_the_bytes_in_order});
}

}  // namespace guestdump::dump
