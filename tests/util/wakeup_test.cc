// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/wakeup.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* wakeup_suite();

namespace {

struct Pipe {
    UniqueFd output, input;

    Pipe() {
        int ends[2];
        ck_assert_int_eq(::pipe2(ends, O_CLOEXEC), 0);
        output.reset(ends[0]);
        input.reset(ends[1]);
    }
};

START_TEST(a_flag_stays_raised_until_it_is_taken) {
    const Wakeup wakeup = must(Wakeup::create());
    ck_assert(!wakeup.is_raised() && !wakeup.take());
    wakeup.raise();
    wakeup.raise();
    ck_assert(wakeup.is_raised() && wakeup.is_raised());
    ck_assert(wakeup.take());
    ck_assert(!wakeup.is_raised() && !wakeup.take());
}
END_TEST

START_TEST(a_flag_raised_by_another_thread_ends_the_wait) {
    const Wakeup wakeup = must(Wakeup::create());
    const Pipe empty;
    std::jthread other([&wakeup] { wakeup.raise(); });
    ck_assert(!must(wait_for(empty.output.get(), POLLIN, wakeup.fd())));
    ck_assert(wakeup.is_raised());
}
END_TEST

START_TEST(a_descriptor_that_is_ready_or_broken_ends_the_wait) {
    const Wakeup wakeup = must(Wakeup::create());
    Pipe pipe;
    ck_assert(must(wait_for(pipe.input.get(), POLLOUT, wakeup.fd())));
    pipe.input.reset();
    ck_assert(must(wait_for(pipe.output.get(), POLLIN, wakeup.fd())));
}
END_TEST

START_TEST(a_raised_flag_comes_before_a_descriptor_that_is_ready) {
    const Wakeup wakeup = must(Wakeup::create());
    const Pipe pipe;
    wakeup.raise();
    ck_assert(!must(wait_for(pipe.input.get(), POLLOUT, wakeup.fd())));
}
END_TEST

START_TEST(a_process_without_descriptors_gets_an_error) {
    rlimit usual{};
    ck_assert_int_eq(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = usual.rlim_max};
    ck_assert_int_eq(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto refused = Wakeup::create();
    // LeakSanitizer opens files when the process ends.
    ck_assert_int_eq(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    must_fail(refused, "creating an eventfd: Too many open files");
}
END_TEST

}  // namespace

Suite* wakeup_suite() {
    return support::make_suite("wakeup", {
                                             a_flag_stays_raised_until_it_is_taken,
                                             a_flag_raised_by_another_thread_ends_the_wait,
                                             a_descriptor_that_is_ready_or_broken_ends_the_wait,
                                             a_raised_flag_comes_before_a_descriptor_that_is_ready,
                                             a_process_without_descriptors_gets_an_error,
                                         });
}

}  // namespace guestdump::util
