// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/live_dump.h"

#include <cstring>
#include <optional>
#include <semaphore>
#include <string>

#include "dump/dump_state.h"
#include "tests/support/elf_reader.h"
#include "tests/support/main_loop.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* live_dump_suite();

namespace {

using support::MainLoop;
using support::MemorySink;
using support::must;
using support::must_fail;
using support::ScriptedGuest;

/// Records the order of calls as words, and fails or waits where a test wants it to. Outlives the
/// view.
struct LiveScript {
    std::string calls;
    std::optional<std::string> no_arm, no_freeze;
    bool arm_waits = false;  ///< until it is cancelled
    std::binary_semaphore armed{0};
};

class ScriptedView final : public guest::LiveView {
  public:
    ScriptedView(guest::GuestPhysBlockList blocks, LiveScript& script)
        : inner_(std::move(blocks)), script_(script) {}

    const guest::GuestPhysBlockList& blocks() const override { return inner_.blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        return inner_.read(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        return inner_.read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return inner_.extent(from, limit);
    }
    Result<> arm(const util::Cancellation& cancellation) override {
        script_.calls += "arm ";
        script_.armed.release();
        while (script_.arm_waits) TRY(cancellation.check());
        if (script_.no_arm) return Error::make("%s", script_.no_arm->c_str());
        return {};
    }
    Result<> freeze() override {
        script_.calls += "freeze ";
        if (script_.no_freeze) return Error::make("%s", script_.no_freeze->c_str());
        return {};
    }
    Result<> begin_pages(const guest::PageSet& pages, uint64_t) override {
        script_.calls += "begin:" + std::to_string(pages.count()) + " ";
        return {};
    }
    void end() override {
        if (!ended_) script_.calls += "end ";
        ended_ = true;
    }
    guest::LiveStatistics statistics() const override { return {.write_faults = 7}; }

  private:
    guest::RamSource inner_;
    LiveScript& script_;
    bool ended_ = false;
};

/// A scripted guest whose host can, or cannot, hold back writes.
class LiveGuest final : public guest::Guest {
  public:
    explicit LiveGuest(const std::string& ram)
        : guest(must(ScriptedGuest::parse("mode long\ncpus 2\n" + ram))) {}

    bool running() const override { return guest->running(); }
    Result<> pause() override { return guest->pause(); }
    void resume() override { guest->resume(); }
    guest::GuestPhysBlockList blocks() const override { return guest->blocks(); }
    std::vector<guest::Cpu> cpus() const override { return guest->cpus(); }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& all) const override {
        return guest->arch_info(all);
    }
    std::optional<guest::GuestNote> guest_note() const override { return {}; }
    Result<std::shared_ptr<guest::LiveView>> live_view(uint64_t) override {
        if (!can) return Error::make("the host's kernel lacks it");
        return std::shared_ptr<guest::LiveView>(std::make_shared<ScriptedView>(blocks(), script));
    }

    std::unique_ptr<ScriptedGuest> guest;
    LiveScript script;
    bool can = true;
};

struct Bench {
    explicit Bench(const std::string& ram = "ram 0x0 300 pages = pattern 00 text\n") : guest(ram) {}

    LiveGuest guest;
    MainLoop loop;
    linux_guest::Exclusion exclude;
    std::optional<DumpState::Outcome> outcome;
    std::optional<DumpState> state{std::in_place, guest, loop.post()};

    Result<> start(bool fall_back = false,
                   std::unique_ptr<Sink> sink = std::make_unique<MemorySink>()) {
        Request request = ElfRequest{};
        request.live = LiveRequest{.fall_back = fall_back};
        request.exclude = exclude;
        return state->start(request, std::move(sink),
                            [this](const DumpState::Outcome& its) { outcome = its; });
    }
    void finish() {
        loop.run_until([this] { return outcome.has_value(); });
    }
};

START_TEST(guest_is_stopped_only_for_the_moment) {
    Bench bench;
    auto sink = std::make_unique<MemorySink>();
    const auto image = sink->image();
    must(bench.start(false, std::move(sink)));
    ck_assert(bench.guest.running());
    ck_assert(bench.state->live());
    ck_assert(bench.state->query().phase == qapi::DumpPhase::protect);

    bench.finish();
    ck_assert(!bench.outcome->error);
    ck_assert_str_eq(bench.guest.script.calls.c_str(), "arm freeze begin:300 end ");
    ck_assert_int_eq(bench.guest.guest->pauses, 1);
    ck_assert_int_eq(bench.guest.guest->resumes, 1);
    const auto live = bench.outcome->result.live;
    ck_assert(live && live->date_sec && live->stop_time);
    ck_assert_uint_eq(live->write_faults, 7);
    const auto file = must(support::read_elf(image->bytes));
    const auto notes = file.notes_named("GUESTDUMP");
    ck_assert_uint_eq(notes.size(), 1);
    ck_assert_uint_eq(notes[0].type, 0x4556494c);
    ck_assert_uint_eq(notes[0].descriptor.size(), 24);
    uint64_t seconds = 0;
    std::memcpy(&seconds, notes[0].descriptor.data() + 8, sizeof seconds);
    ck_assert_uint_eq(seconds, static_cast<uint64_t>(*live->date_sec));
}
END_TEST

START_TEST(host_that_cannot_do_it_is_named_and_nothing_has_happened) {
    Bench bench;
    bench.guest.can = false;
    must_fail(bench.start(), "live dump: the host's kernel lacks it");
    ck_assert_int_eq(bench.guest.guest->pauses, 0);
    ck_assert(!bench.state->active());
}
END_TEST

START_TEST(fallback_stops_the_guest_and_says_why) {
    Bench bench;
    bench.guest.can = false;
    must(bench.start(true));
    ck_assert(!bench.guest.running() && !bench.state->live());
    bench.finish();
    ck_assert(!bench.outcome->error && !bench.outcome->result.live);
    ck_assert_str_eq(bench.outcome->warnings.at(0).c_str(),
                     "the guest was stopped for its dump: the host's kernel lacks it");
}
END_TEST

START_TEST(excluded_pages_are_released_like_those_outside_the_range) {
    Bench bench("ram 0x0 300 pages = pattern text\nram 0x1000000 400 pages = 00\n");
    bench.exclude = {.zero = true};
    auto sink = std::make_unique<MemorySink>();
    const auto image = sink->image();
    must(bench.start(false, std::move(sink)));
    bench.finish();
    ck_assert(!bench.outcome->error);
    ck_assert_str_eq(bench.guest.script.calls.c_str(), "arm freeze begin:300 end ");
    ck_assert_uint_eq(bench.outcome->result.total, 300 * 4096);
    ck_assert_uint_eq(bench.outcome->result.completed, 300 * 4096);
    ck_assert_uint_eq(must(support::read_elf(image->bytes)).notes_named("GUESTDUMP").size(), 2);
}
END_TEST

START_TEST(every_failure_lets_go_of_memory_and_of_the_guest) {
    for (const char* const step : {"arm", "pause", "freeze"}) {
        Bench bench;
        if (step == std::string("arm")) bench.guest.script.no_arm = "arm failed";
        if (step == std::string("pause")) bench.guest.guest->pause_failure = "pause failed";
        if (step == std::string("freeze")) bench.guest.script.no_freeze = "freeze failed";
        must(bench.start());
        bench.finish();
        ck_assert(bench.outcome->error->message() == step + std::string(" failed"));
        ck_assert(bench.guest.script.calls.ends_with("end "));
        ck_assert(bench.guest.running());
    }
}
END_TEST

START_TEST(cancelled_while_memory_is_protected) {
    Bench bench;
    bench.guest.script.arm_waits = true;
    must(bench.start());
    bench.guest.script.armed.acquire();
    bench.state->cancel();
    bench.finish();
    ck_assert_str_eq(bench.outcome->error->message().c_str(), "cancelled");
    ck_assert_str_eq(bench.guest.script.calls.c_str(), "arm end ");
    ck_assert_int_eq(bench.guest.guest->pauses, 0);
}
END_TEST

START_TEST(destroyed_while_the_main_loop_owes_the_moment) {
    // The dump thread waits for a main loop that waits for the dump thread.
    Bench bench;
    must(bench.start());
    bench.guest.script.armed.acquire();
    bench.state.reset();
    ck_assert_str_eq(bench.guest.script.calls.c_str(), "arm end ");
    ck_assert_int_eq(bench.guest.guest->pauses, 0);
}
END_TEST

}  // namespace

Suite* live_dump_suite() {
    return support::make_suite(
        "live_dump",
        {guest_is_stopped_only_for_the_moment,
         host_that_cannot_do_it_is_named_and_nothing_has_happened,
         fallback_stops_the_guest_and_says_why,
         excluded_pages_are_released_like_those_outside_the_range,
         every_failure_lets_go_of_memory_and_of_the_guest, cancelled_while_memory_is_protected,
         destroyed_while_the_main_loop_owes_the_moment});
}

}  // namespace guestdump::dump
