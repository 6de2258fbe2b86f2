// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/signal_watch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <semaphore>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::tools {

using support::must;

Suite* signal_watch_suite();

namespace {

/// Reports when it was interrupted.
class InterruptedSink final : public dump::Sink {
  public:
    util::Result<> write_at(uint64_t, std::span<const std::byte>) override { return {}; }
    bool random_access() const override { return true; }
    util::Result<> finish(uint64_t) override { return {}; }
    util::Result<> commit() override { return {}; }
    void interrupt() override { interrupted_.release(); }

    void wait() { interrupted_.acquire(); }

  private:
    std::binary_semaphore interrupted_{0};
};

/// Makes signals end the process however this test was started: under nohup, in a background where
/// SIGINT is ignored, or with libcheck's own handler.
void end_by_signals() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);
}

void expect_ended_by(pid_t child, int signal) {
    int status = 0;
    ck_assert_int_eq(::waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), signal);
}

START_TEST(first_signal_cancels_and_interrupts) {
    end_by_signals();
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        dump::Progress progress;
        InterruptedSink sink;
        const auto watch = must(SignalWatch::start(must(Signals::hold()), progress, sink));
        ck_assert(!watch->taken());
        ck_assert(!progress.cancelled());
        ck_assert_int_eq(::kill(::getpid(), number), 0);
        sink.wait();
        ck_assert(progress.cancelled());
        ck_assert_int_eq(watch->taken().value_or(0), number);
    }
}
END_TEST

START_TEST(second_signal_ends_the_process) {
    const pid_t child = ::fork();
    if (child == 0) {
        end_by_signals();
        dump::Progress progress;
        InterruptedSink sink;
        const auto watch = must(SignalWatch::start(must(Signals::hold()), progress, sink));
        ::kill(::getpid(), SIGTERM);
        sink.wait();
        ::kill(::getpid(), SIGTERM);
        ::sleep(20);
        ::_exit(0);
    }
    expect_ended_by(child, SIGTERM);
}
END_TEST

START_TEST(without_a_signal_it_goes_at_once_and_signals_end_the_process_again) {
    const pid_t child = ::fork();
    if (child == 0) {
        end_by_signals();
        {
            dump::Progress progress;
            InterruptedSink sink;
            const auto watch = must(SignalWatch::start(must(Signals::hold()), progress, sink));
        }
        ::kill(::getpid(), SIGHUP);
        ::_exit(0);
    }
    expect_ended_by(child, SIGHUP);
}
END_TEST

START_TEST(a_signal_that_was_ignored_stays_so) {
    end_by_signals();
    std::signal(SIGHUP, SIG_IGN);
    dump::Progress progress;
    InterruptedSink sink;
    const auto watch = must(SignalWatch::start(must(Signals::hold()), progress, sink));
    ck_assert_int_eq(::kill(::getpid(), SIGHUP), 0);
    // If SIGHUP were held, it would be taken first: signals are delivered by number.
    ck_assert_int_eq(::kill(::getpid(), SIGTERM), 0);
    sink.wait();
    ck_assert_int_eq(watch->taken().value_or(0), SIGTERM);
}
END_TEST

}  // namespace

Suite* signal_watch_suite() {
    return support::make_suite("signal_watch",
                               {first_signal_cancels_and_interrupts, second_signal_ends_the_process,
                                without_a_signal_it_goes_at_once_and_signals_end_the_process_again,
                                a_signal_that_was_ignored_stays_so});
}

}  // namespace guestdump::tools
