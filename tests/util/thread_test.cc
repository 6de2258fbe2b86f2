// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/thread.h"

#include <atomic>
#include <csignal>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/ordered_stages.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* thread_suite();

namespace {

/// Leaves the system no room for the stack of a new thread.
void let_no_thread_begin() {
    pthread_attr_t huge;
    ck_assert_int_eq(pthread_attr_init(&huge), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&huge, size_t{1} << 46), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
}

START_TEST(a_thread_is_joined_when_it_goes) {
    std::atomic<int> runs = 0;
    {
        Thread one = must(Thread::start([&runs] { ++runs; }));
        Thread moved = std::move(one);
        one = must(Thread::start([&runs] { ++runs; }));
    }
    ck_assert_int_eq(runs, 2);
}
END_TEST

START_TEST(join_returns_when_it_has_ended_and_at_once_where_there_is_none) {
    std::atomic<int> runs = 0;
    Thread thread;
    thread.join();
    thread = must(Thread::start([&runs] { ++runs; }));
    thread.join();
    ck_assert_int_eq(runs, 1);
    thread.join();
}
END_TEST

START_TEST(a_thread_that_cannot_be_had_is_an_error) {
    let_no_thread_begin();
    bool ran = false;
    must_fail(Thread::start([&ran] { ran = true; }), "starting a thread: Resource temporarily");
    ck_assert(!ran);
}
END_TEST

START_TEST(stages_without_helpers_do_all_their_work) {
    let_no_thread_begin();
    size_t begun = 0, ended = 0;
    const StagePlan plan{
        .begin_job = [&begun](size_t) -> Result<bool> { return begun++ < 100; },
        .stages = {{.order = Stage::Order::in_order, .run = [&ended](size_t) -> Result<> {
                        ++ended;
                        return {};
                    }}}};
    must(run_stages(8, 4, plan));
    ck_assert_uint_eq(ended, 100);
}
END_TEST

START_TEST(signals_are_handled_by_the_threads_of_the_program_only) {
    sigset_t here, there;
    sigemptyset(&here);
    sigaddset(&here, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &here, nullptr);
    Thread thread = must(Thread::start([&there] { pthread_sigmask(SIG_BLOCK, nullptr, &there); }));
    thread.join();
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGUSR2})
        ck_assert(sigismember(&there, signal));
    for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE})
        ck_assert(!sigismember(&there, fault));
    // The mask of this thread is as before.
    pthread_sigmask(SIG_BLOCK, nullptr, &here);
    ck_assert(sigismember(&here, SIGUSR2));
    ck_assert(!sigismember(&here, SIGINT));
}
END_TEST

}  // namespace

Suite* thread_suite() {
    return support::make_suite(
        "thread",
        {a_thread_is_joined_when_it_goes,
         join_returns_when_it_has_ended_and_at_once_where_there_is_none,
         a_thread_that_cannot_be_had_is_an_error, stages_without_helpers_do_all_their_work,
         signals_are_handled_by_the_threads_of_the_program_only});
}

}  // namespace guestdump::util
