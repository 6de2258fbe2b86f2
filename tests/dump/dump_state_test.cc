// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_state.h"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <semaphore>

#include "tests/support/elf_reader.h"
#include "tests/support/faulty_sink.h"
#include "tests/support/main_loop.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* dump_state_suite();

namespace {

using qapi::DumpStatus;
using support::MainLoop;
using support::MemorySink;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

/// A target that accepts nothing until it is released or interrupted.
class StallingSink final : public Sink {
  public:
    struct Control {
        std::binary_semaphore go{0};
        std::binary_semaphore reached{0};
        std::atomic<bool> interrupted = false;
        std::atomic<bool> destroyed = false;
        std::atomic<bool> committed = false;
    };

    explicit StallingSink(std::shared_ptr<Control> control) : control_(std::move(control)) {}
    ~StallingSink() override { control_->destroyed = true; }

    Result<> write_at(uint64_t, std::span<const std::byte>) override {
        if (waited_) return {};
        control_->reached.release();
        control_->go.acquire();
        waited_ = true;
        if (control_->interrupted) return Error::make("cancelled");
        return {};
    }
    bool random_access() const override { return false; }
    Result<> finish(uint64_t) override { return {}; }
    Result<> commit() override {
        control_->committed = true;
        return {};
    }
    void interrupt() override {
        control_->interrupted = true;
        control_->go.release();
    }

  private:
    std::shared_ptr<Control> control_;
    bool waited_ = false;
};

/// A running guest, its DumpState, and the outcomes of its dumps.
struct Bench {
    std::unique_ptr<ScriptedGuest> guest =
        must(ScriptedGuest::parse("mode long\ncpus 2\nram 0x0 300 pages = pattern 00 text\n"));
    MainLoop loop;
    std::vector<DumpState::Outcome> outcomes;
    DumpState state{*guest, loop.post()};

    Result<> start(std::unique_ptr<Sink> sink, const Request& request = ElfRequest{}) {
        return state.start(request, std::move(sink), [this](const DumpState::Outcome& outcome) {
            ck_assert(!state.active());
            ck_assert(guest->is_running);
            outcomes.push_back(outcome);
        });
    }

    const DumpState::Outcome& finish() {
        const size_t before = outcomes.size();
        loop.run_until([&] { return outcomes.size() > before; });
        return outcomes.back();
    }
};

START_TEST(nothing_has_been_dumped_at_first) {
    const Bench bench;
    ck_assert(bench.state.query() == qapi::DumpQueryResult{});
    ck_assert(!bench.state.active());
}
END_TEST

START_TEST(dump_stops_the_guest_writes_it_whole_and_lets_it_run) {
    Bench bench;
    auto sink = std::make_unique<MemorySink>();
    const auto image = sink->image();
    must(bench.start(std::move(sink)));
    ck_assert(!bench.guest->is_running);
    ck_assert(bench.state.active());
    ck_assert(bench.state.query().status == DumpStatus::active);
    ck_assert_uint_eq(bench.state.query().total, 300 * 4096);

    const DumpState::Outcome& outcome = bench.finish();
    ck_assert(!outcome.error);
    ck_assert(outcome.result.status == DumpStatus::completed);
    ck_assert_uint_eq(outcome.result.completed, 300 * 4096);
    ck_assert_uint_eq(outcome.result.total, 300 * 4096);
    ck_assert(outcome.result.start_time && !outcome.result.phase && !outcome.result.remaining);
    ck_assert(bench.state.query() == outcome.result);
    ck_assert(image->finished && image->committed);
    ck_assert_uint_eq(must(support::read_elf(image->bytes)).notes.size(), 4);
    ck_assert_int_eq(bench.guest->resumes, 1);
}
END_TEST

START_TEST(guest_that_stood_still_is_not_started) {
    Bench bench;
    bench.guest->is_running = false;
    bool ended = false;
    must(bench.state.start(ElfRequest{}, std::make_unique<MemorySink>(),
                           [&](const auto&) { ended = true; }));
    bench.loop.run_until([&] { return ended; });
    ck_assert_int_eq(bench.guest->pauses, 1);
    ck_assert_int_eq(bench.guest->resumes, 1);
    ck_assert(!bench.guest->is_running);
}
END_TEST

START_TEST(failed_dump_resumes_guest_and_says_why) {
    Bench bench;
    auto memory = std::make_unique<MemorySink>();
    const auto image = memory->image();
    must(bench.start(std::make_unique<support::FaultySink>(std::move(memory), 50'000, ENOSPC)));
    const DumpState::Outcome& outcome = bench.finish();
    ck_assert(outcome.result.status == DumpStatus::failed);
    ck_assert_ptr_nonnull(strstr(outcome.error->message().c_str(), "No space left on device"));
    ck_assert_int_eq(outcome.error->os_error(), ENOSPC);
    ck_assert_uint_lt(outcome.result.completed, outcome.result.total);
    ck_assert(!image->committed);

    must(bench.start(std::make_unique<MemorySink>()));
    ck_assert(!bench.finish().error);
}
END_TEST

START_TEST(second_dump_is_refused_while_one_is_active) {
    Bench bench;
    const auto control = std::make_shared<StallingSink::Control>();
    must(bench.start(std::make_unique<StallingSink>(control)));
    control->reached.acquire();
    must_fail(bench.start(std::make_unique<MemorySink>()),
              "There is a dump in process, please wait.");
    ck_assert_int_eq(bench.guest->pauses, 1);
    control->go.release();
    ck_assert(!bench.finish().error);
    ck_assert(control->committed);
}
END_TEST

START_TEST(cancel_ends_a_dump_whose_target_stalls) {
    Bench bench;
    const auto control = std::make_shared<StallingSink::Control>();
    must(bench.start(std::make_unique<StallingSink>(control)));
    control->reached.acquire();
    bench.state.cancel();
    const DumpState::Outcome& outcome = bench.finish();
    ck_assert(outcome.result.status == DumpStatus::failed);
    ck_assert_str_eq(outcome.error->message().c_str(), "cancelled");
    ck_assert(control->destroyed && !control->committed);
}
END_TEST

START_TEST(destruction_ends_a_dump_and_lets_the_guest_run) {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 30 pages = pattern\n"));
    MainLoop loop;
    const auto control = std::make_shared<StallingSink::Control>();
    {
        DumpState state(*guest, loop.post());
        must(state.start(ElfRequest{}, std::make_unique<StallingSink>(control),
                         [](const auto&) { ck_abort_msg("concluded after its end"); }));
        control->reached.acquire();
    }
    ck_assert(control->destroyed);
    ck_assert(guest->is_running);
    bool drained = false;
    loop.post()([&] { drained = true; });
    loop.run_until([&] { return drained; });
}
END_TEST

START_TEST(dump_without_memory_to_spare_is_refused_before_the_guest_is_stopped) {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 30 pages = pattern\n"));
    MainLoop loop;
    DumpState state(*guest, loop.post(), [] { return Result<>(Error::make("no memory")); });
    auto sink = std::make_unique<MemorySink>();
    const auto image = sink->image();
    must_fail(state.start(ElfRequest{}, std::move(sink), {}), "no memory");
    ck_assert(!state.active() && image->bytes.empty());
    ck_assert(state.query() == qapi::DumpQueryResult{});
    ck_assert_int_eq(guest->pauses, 0);
}
END_TEST

START_TEST(compressors_that_leave_no_memory_to_spare_fail_the_dump) {
    auto guest = must(ScriptedGuest::parse("mode long\ncpus 1\nram 0x0 30 pages = pattern\n"));
    MainLoop loop;
    std::atomic<int> checks = 0;
    DumpState state(*guest, loop.post(), [&checks]() -> Result<> {
        if (++checks == 2) return Error::make("no memory");
        return {};
    });
    std::optional<Error> error;
    must(state.start(KdumpRequest{}, std::make_unique<MemorySink>(),
                     [&](const DumpState::Outcome& outcome) { error = outcome.error; }));
    loop.run_until([&] { return !state.active(); });
    ck_assert_str_eq(error.value().message().c_str(), "no memory");
    ck_assert(guest->is_running);
}
END_TEST

START_TEST(guest_that_cannot_be_paused_runs_on) {
    Bench bench;
    bench.guest->pause_failure = "vCPU 1 does not stop";
    must_fail(bench.start(std::make_unique<MemorySink>()), "vCPU 1 does not stop");
    ck_assert(bench.guest->is_running);
    ck_assert(!bench.state.active());
    ck_assert(bench.state.query().status == DumpStatus::failed);
}
END_TEST

START_TEST(snapshot_that_cannot_be_taken_resumes_the_guest) {
    Bench bench;
    Request request;
    request.only = must(guest::GpaRange::make(guest::Gpa{uint64_t{1} << 40}, 1));
    must_fail(bench.start(std::make_unique<MemorySink>(), request),
              "dump: no guest memory to dump");
    ck_assert(bench.guest->is_running);
    ck_assert_int_eq(bench.guest->resumes, 1);
    ck_assert(bench.state.query().status == DumpStatus::failed);
}
END_TEST

START_TEST(raw_kdump_needs_a_target_that_can_seek) {
    Bench bench;
    KdumpRequest request;
    request.flattened = false;
    must_fail(bench.start(std::make_unique<MemorySink>(MemorySink::Order::growing), request),
              "kdump-raw formats require a seekable file");
    ck_assert_int_eq(bench.guest->pauses, 0);
    ck_assert(bench.state.query().status == DumpStatus::none);
}
END_TEST

START_TEST(warnings_about_the_guest_note_reach_the_outcome) {
    Bench bench;
    bench.guest->note = guest::GuestNote(5);
    must(bench.start(std::make_unique<MemorySink>()));
    ck_assert_uint_eq(bench.finish().warnings.size(), 1);
}
END_TEST

START_TEST(a_dump_that_gets_no_thread_fails_and_lets_the_guest_run) {
    Bench bench;
    pthread_attr_t huge;
    ck_assert_int_eq(pthread_attr_init(&huge), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&huge, size_t{1} << 46), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);

    must_fail(bench.start(std::make_unique<MemorySink>()), "starting a thread");

    ck_assert(bench.guest->is_running);
    ck_assert(!bench.state.active());
    ck_assert(bench.state.query().status == DumpStatus::failed);
}
END_TEST

}  // namespace

Suite* dump_state_suite() {
    return support::make_suite(
        "dump_state",
        {nothing_has_been_dumped_at_first, dump_stops_the_guest_writes_it_whole_and_lets_it_run,
         guest_that_stood_still_is_not_started, failed_dump_resumes_guest_and_says_why,
         second_dump_is_refused_while_one_is_active, cancel_ends_a_dump_whose_target_stalls,
         destruction_ends_a_dump_and_lets_the_guest_run,
         dump_without_memory_to_spare_is_refused_before_the_guest_is_stopped,
         compressors_that_leave_no_memory_to_spare_fail_the_dump,
         guest_that_cannot_be_paused_runs_on, snapshot_that_cannot_be_taken_resumes_the_guest,
         raw_kdump_needs_a_target_that_can_seek, warnings_about_the_guest_note_reach_the_outcome,
         a_dump_that_gets_no_thread_fails_and_lets_the_guest_run});
}

}  // namespace guestdump::dump
