// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/pipe_relay.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::tools {

Suite* pipe_relay_suite();

namespace {

using support::must;
using support::must_fail;
using namespace std::chrono_literals;

util::UniqueFd open_for_writing(const std::string& path) {
    return util::UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/// The machine's copy of the relay's input.
util::UniqueFd machine_end(PipeRelay& relay) {
    util::UniqueFd copy(::fcntl(relay.input(), F_DUPFD_CLOEXEC, 0));
    relay.handed_over();
    return copy;
}

START_TEST(bytes_come_through_in_order) {
    const support::Scratch scratch;
    const util::UniqueFd file = open_for_writing(scratch.path("core"));
    const auto relay = must(PipeRelay::start(file.get(), "core"));
    util::UniqueFd machine = machine_end(*relay);
    support::Bytes all;
    for (int i = 0; i < 100; ++i) {
        const support::Bytes part(static_cast<size_t>(i) * 997, std::byte(i));
        ck_assert_int_eq(::write(machine.get(), part.data(), part.size()),
                         static_cast<ssize_t>(part.size()));
        all.insert(all.end(), part.begin(), part.end());
    }
    machine.reset();
    must(relay->finish());
    ck_assert(support::read_file(scratch.path("core")) == all);
}
END_TEST

START_TEST(stopped_relay_breaks_the_pipe) {
    ::signal(SIGPIPE, SIG_IGN);
    const util::UniqueFd file = open_for_writing("/dev/null");
    const auto relay = must(PipeRelay::start(file.get(), "null"));
    const util::UniqueFd machine = machine_end(*relay);
    relay->stop();
    must_fail(relay->finish(), "cancelled");
    ck_assert_int_eq(::write(machine.get(), "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

size_t unread(int pipe) {
    int bytes = 0;
    ck_assert_int_eq(::ioctl(pipe, FIONREAD, &bytes), 0);
    return static_cast<size_t>(bytes);
}

START_TEST(stopped_relay_does_not_wait_for_a_target_that_takes_nothing) {
    int ends[2];
    ck_assert_int_eq(::pipe2(ends, O_CLOEXEC), 0);
    const util::UniqueFd reader(ends[0]), target(ends[1]);
    const auto room = static_cast<size_t>(::fcntl(target.get(), F_SETPIPE_SZ, 8192));
    const auto relay = must(PipeRelay::start(target.get(), "fifo"));
    const util::UniqueFd machine = machine_end(*relay);
    const support::Bytes more(room + 1);
    ck_assert_int_eq(::write(machine.get(), more.data(), more.size()),
                     static_cast<ssize_t>(more.size()));
    while (unread(reader.get()) < room) ::sched_yield();
    relay->stop();
    must_fail(relay->finish(), "cancelled");
}
END_TEST

START_TEST(waiting_for_a_relay_ends_when_it_is_interrupted_or_all_has_come_through) {
    int ends[2];
    ck_assert_int_eq(::pipe2(ends, O_CLOEXEC), 0);
    const util::UniqueFd reader(ends[0]), target(ends[1]);
    const auto room = static_cast<size_t>(::fcntl(target.get(), F_SETPIPE_SZ, 8192));
    const auto relay = must(PipeRelay::start(target.get(), "fifo"));
    util::UniqueFd machine = machine_end(*relay);
    support::Bytes more(room + 1);
    ck_assert_int_eq(::write(machine.get(), more.data(), more.size()),
                     static_cast<ssize_t>(more.size()));
    machine.reset();
    ck_assert(!must(relay->wait(1ms, -1)));
    const util::UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
    const auto interrupted = relay->wait(20s, signal.get());
    ck_assert(!interrupted);
    ck_assert_int_eq(interrupted.error().os_error(), EINTR);
    for (size_t left = more.size(); left > 0;) {
        const ssize_t size = ::read(reader.get(), more.data(), left);
        ck_assert_int_gt(size, 0);
        left -= static_cast<size_t>(size);
    }
    ck_assert(must(relay->wait(20s, -1)));
    must(relay->finish());
}
END_TEST

START_TEST(full_target_breaks_the_pipe_and_is_told) {
    ::signal(SIGPIPE, SIG_IGN);
    const util::UniqueFd full = open_for_writing("/dev/full");
    const auto relay = must(PipeRelay::start(full.get(), "/dev/full"));
    const util::UniqueFd machine = machine_end(*relay);
    ck_assert_int_eq(::write(machine.get(), "xyz", 3), 3);
    must_fail(relay->finish(),
              "writing 3 bytes at offset 0 of '/dev/full': No space left on device");
    ck_assert_int_eq(::write(machine.get(), "x", 1), -1);
}
END_TEST

START_TEST(relay_that_nobody_ends_goes_with_its_owner) {
    const util::UniqueFd file = open_for_writing("/dev/null");
    const size_t before = support::open_descriptors();
    must(PipeRelay::start(file.get(), "null"));
    ck_assert_uint_eq(support::open_descriptors(), before);
}
END_TEST

}  // namespace

Suite* pipe_relay_suite() {
    return support::make_suite(
        "pipe_relay", {
                          bytes_come_through_in_order,
                          stopped_relay_breaks_the_pipe,
                          stopped_relay_does_not_wait_for_a_target_that_takes_nothing,
                          waiting_for_a_relay_ends_when_it_is_interrupted_or_all_has_come_through,
                          full_target_breaks_the_pipe_and_is_told,
                          relay_that_nobody_ends_goes_with_its_owner,
                      });
}

}  // namespace guestdump::tools
