// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_to.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "dump/target/targets.h"
#include "tests/support/elf_reader.h"
#include "tests/support/faulty_sink.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* dump_to_suite();

namespace {

using support::MemorySink;
using support::must;
using support::must_fail;
using support::ScriptedGuest;
using Phase = DumpProgress::Phase;

std::unique_ptr<ScriptedGuest> small_guest() {
    return must(ScriptedGuest::parse("mode long\ncpus 2\nram 0x0 300 pages = pattern 00 text\n"));
}

/// A target that accepts bytes only after interrupt(), and then fails.
class StuckSink final : public Sink {
  public:
    Result<> write_at(uint64_t, std::span<const std::byte>) override {
        interrupted_.wait(false);
        return Error::make("cancelled");
    }
    bool random_access() const override { return false; }
    Result<> finish(uint64_t) override { return {}; }
    Result<> commit() override { return {}; }
    void interrupt() override {
        interrupted_ = true;
        interrupted_.notify_all();
    }

  private:
    std::atomic<bool> interrupted_{false};
};

/// Remembers the threads of its calls.
class ThreadedGuest final : public guest::Guest {
  public:
    explicit ThreadedGuest(std::unique_ptr<ScriptedGuest> inner) : inner_(std::move(inner)) {}

    bool running() const override { return inner_->running(); }
    Result<> pause() override {
        ck_assert(pthread_equal(pthread_self(), caller_));
        return inner_->pause();
    }
    void resume() override {
        ck_assert(pthread_equal(pthread_self(), caller_));
        inner_->resume();
    }
    guest::GuestPhysBlockList blocks() const override { return inner_->blocks(); }
    std::vector<guest::Cpu> cpus() const override {
        ck_assert(pthread_equal(pthread_self(), caller_));
        return inner_->cpus();
    }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& all) const override {
        return inner_->arch_info(all);
    }
    std::optional<guest::GuestNote> guest_note() const override { return std::nullopt; }

  private:
    std::unique_ptr<ScriptedGuest> inner_;
    const pthread_t caller_ = pthread_self();
};

START_TEST(one_call_pauses_the_guest_writes_it_whole_and_lets_it_run) {
    const auto guest = small_guest();
    auto sink = std::make_unique<MemorySink>();
    const auto image = sink->image();
    const DumpReport report = must(dump_to(*guest, ElfRequest{}, std::move(sink)));
    ck_assert_uint_eq(report.memory, 300 * 4096);
    ck_assert(report.warnings.empty());
    ck_assert(image->committed);
    ck_assert_uint_eq(must(support::read_elf(image->bytes)).notes_named("CORE").size(), 2);
    ck_assert(guest->is_running);
    ck_assert_int_eq(guest->pauses, 1);
    ck_assert_int_eq(guest->resumes, 1);
}
END_TEST

START_TEST(guest_is_called_by_the_caller_s_thread_only) {
    ThreadedGuest guest(small_guest());
    must(dump_to(guest, ElfRequest{}, std::make_unique<MemorySink>()));
}
END_TEST

START_TEST(warnings_of_a_dump_are_returned) {
    const auto guest = small_guest();
    guest->note = guest::GuestNote(5);
    const DumpReport report = must(dump_to(*guest, ElfRequest{}, std::make_unique<MemorySink>()));
    ck_assert_uint_eq(report.warnings.size(), 1);
    ck_assert(report.warnings[0].find("Invalid guest note header") == 0);
}
END_TEST

START_TEST(progress_is_reported_to_the_caller_and_may_cancel) {
    const auto guest = small_guest();
    int reports = 0;
    const DumpControl control{.on_progress =
                                  [&](const DumpProgress& now) {
                                      ck_assert_uint_eq(now.total, 300 * 4096);
                                      ck_assert_uint_le(now.completed, now.total);
                                      return ++reports < 3;
                                  },
                              .interval = std::chrono::milliseconds(0)};
    const auto result = dump_to(*guest, ElfRequest{}, std::make_unique<StuckSink>(), control);
    must_fail(result, "cancelled");
    ck_assert(result.error().kind() == Error::Kind::cancelled);
    ck_assert_int_eq(reports, 3);
    ck_assert(guest->is_running);
}
END_TEST

START_TEST(another_thread_cancels_a_dump_whose_target_is_stuck) {
    const auto guest = small_guest();
    util::Cancellation cancellation;
    std::thread other([&] {
        ::usleep(30'000);
        cancellation.cancel();
    });
    const auto result = dump_to(*guest, ElfRequest{}, std::make_unique<StuckSink>(),
                                {.cancellation = &cancellation});
    other.join();
    must_fail(result, "cancelled");
    ck_assert(result.error().kind() == Error::Kind::cancelled);
    ck_assert(guest->is_running);
}
END_TEST

START_TEST(dump_that_was_cancelled_before_does_not_stop_the_guest) {
    const auto guest = small_guest();
    util::Cancellation cancellation;
    cancellation.cancel();
    must_fail(dump_to(*guest, ElfRequest{}, std::make_unique<MemorySink>(),
                      {.cancellation = &cancellation}),
              "cancelled");
    ck_assert_int_eq(guest->pauses, 0);
}
END_TEST

START_TEST(errors_of_guest_and_target_are_returned_and_the_guest_runs) {
    const auto guest = small_guest();
    auto full = std::make_unique<support::FaultySink>(std::make_unique<MemorySink>(), 5000, ENOSPC);
    const auto result = dump_to(*guest, ElfRequest{}, std::move(full));
    must_fail(result, "No space left on device");
    ck_assert_int_eq(result.error().os_error(), ENOSPC);
    ck_assert(result.error().kind() == Error::Kind::generic);
    ck_assert(guest->is_running);

    guest->pause_failure = "vCPU 1 does not stop";
    must_fail(dump_to(*guest, ElfRequest{}, std::make_unique<MemorySink>()),
              "vCPU 1 does not stop");
    ck_assert_int_eq(guest->resumes, guest->pauses);
}
END_TEST

START_TEST(pipe_without_a_reader_is_an_error_although_the_signal_is_not_ignored) {
    ::signal(SIGPIPE, SIG_DFL);
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::close(ends[0]);
    const auto guest = small_guest();
    auto sink = must(make_fd_sink(util::UniqueFd(ends[1]), "pipe"));
    const auto result = dump_to(*guest, ElfRequest{}, std::move(sink));
    must_fail(result, "Broken pipe");
    sigset_t pending;
    sigpending(&pending);
    ck_assert(!sigismember(&pending, SIGPIPE));
}
END_TEST

}  // namespace

Suite* dump_to_suite() {
    return support::make_suite(
        "dump_to", {one_call_pauses_the_guest_writes_it_whole_and_lets_it_run,
                    guest_is_called_by_the_caller_s_thread_only, warnings_of_a_dump_are_returned,
                    progress_is_reported_to_the_caller_and_may_cancel,
                    another_thread_cancels_a_dump_whose_target_is_stuck,
                    dump_that_was_cancelled_before_does_not_stop_the_guest,
                    errors_of_guest_and_target_are_returned_and_the_guest_runs,
                    pipe_without_a_reader_is_an_error_although_the_signal_is_not_ignored});
}

}  // namespace guestdump::dump
