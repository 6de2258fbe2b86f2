// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/live_snapshot.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "tests/attach/scripted_emulator.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* live_snapshot_suite();

namespace {

using support::must;
using support::must_fail;

/// A QEMU that makes a background snapshot, and a libvirtd that must be listened to meanwhile: each
/// phase of the snapshot lasts until keep_watching() has been called in it.
class SnapshotEmulator final : public ScriptedEmulator {
  public:
    ~SnapshotEmulator() override { hang_up(); }

    Result<qapi::Json> ask(std::string_view command, qapi::Json arguments) override {
        if (command == "migrate" && migrate_fails) return *migrate_fails;
        if (command == "migrate") return ScriptedEmulator::ask("query-migrate", nullptr);
        if (command == "migrate-set-capabilities" || command == "closefd")
            return qapi::make_object();
        if (command == "migrate_cancel") {
            cancelled = true;
            turns = 0;
            return qapi::make_object();
        }
        if (command == "query-migrate") return answer_migration();
        return ScriptedEmulator::ask(command, std::move(arguments));
    }

    Result<> pass(const std::string&, int fd) override {
        input_ = util::UniqueFd(::dup(fd));
        // Ends a test in which nobody listens.
        last_ = std::jthread([this](const std::stop_token& stop) {
            for (int i = 0; i < 300 && !stop.stop_requested(); ++i)
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            if (!stop.stop_requested()) ignored = true;
            if (!stop.stop_requested()) input_.reset();
        });
        return {};
    }

    void keep_watching() override {
        ++turns;
        if (turns >= 2 && (cancelled || !endless) && input_) {
            hang_up();
            turns = 0;
        }
    }

    Result<std::optional<int64_t>> take_event(std::string_view name,
                                              std::chrono::milliseconds) override {
        const auto found = events.find(std::string(name));
        return found == events.end() ? std::nullopt : std::optional(found->second);
    }

    std::map<std::string, int64_t> events = {{"STOP", 5'000'007}, {"RESUME", 5'001'007}};
    std::optional<Error> migrate_fails{};
    bool endless = false;  ///< the stream ends only when it is cancelled
    bool cancelled = false;
    std::atomic<bool> ignored = false;
    int turns = 0;  ///< calls of keep_watching() in this phase

  private:
    void hang_up() {
        last_.request_stop();
        if (last_.joinable()) last_.join();
        input_.reset();
    }

    Result<qapi::Json> answer_migration() {
        if (++asked_ > 200) ignored = true;
        const bool over = ignored || (!input_ && turns >= 2);
        answers["query-migrate"] = over ? R"({"status": "completed"})" : R"({"status": "active"})";
        return ScriptedEmulator::ask("query-migrate", nullptr);
    }

    util::UniqueFd input_;
    int asked_ = 0;
    std::jthread last_;
};

struct Case {
    Result<LiveStream> record(int interrupt = -1) {
        LiveFit fit;
        fit.mended = true;
        fit.most_bytes = 1 << 20;
        snapshot = must(LiveSnapshot::prepare(qemu, std::move(fit)));
        return snapshot->record({.directory = "/tmp", .interrupt = interrupt});
    }

    SnapshotEmulator qemu;
    std::unique_ptr<LiveSnapshot> snapshot;
};

START_TEST(events_are_attended_to_while_the_stream_comes_and_until_qemu_is_done) {
    Case one;
    const LiveStream stream = must(one.record());
    ck_assert(!one.qemu.ignored);
    ck_assert(stream.warnings.empty());
    ck_assert(stream.moment.value() ==
              (guest::LiveMoment{.seconds = 5, .nanoseconds = 7000, .stopped_us = 1000}));
}
END_TEST

START_TEST(events_are_attended_to_while_an_unwanted_stream_ends) {
    const util::UniqueFd signal(::eventfd(1, EFD_CLOEXEC));
    Case one;
    one.qemu.endless = true;
    const Result<LiveStream> stream = one.record(signal.get());
    ck_assert(!stream && stream.error().os_error() == EINTR);
    ck_assert(one.qemu.cancelled && !one.qemu.ignored);
}
END_TEST

START_TEST(a_stream_whose_moment_is_not_known_is_kept_with_a_warning) {
    for (const char* const lost : {"STOP", "RESUME"}) {
        Case one;
        one.qemu.events.erase(lost);
        const LiveStream stream = must(one.record());
        ck_assert(stream.bytes && !stream.moment);
        ck_assert_uint_eq(stream.warnings.size(), 1);
        ck_assert(stream.warnings[0].ends_with(std::string(lost) + " has not come"));
    }
}
END_TEST

START_TEST(a_clock_that_steps_back_in_the_stop_makes_it_no_longer) {
    Case one;
    one.qemu.events["RESUME"] = 4'000'000;
    ck_assert_uint_eq(must(one.record()).moment.value().stopped_us, 0);
    Case unset;
    unset.qemu.events["STOP"] = -1;
    ck_assert(!must(unset.record()).moment);
}
END_TEST

START_TEST(only_a_refusal_of_qemu_means_that_no_snapshot_is_made) {
    Case refused;
    refused.qemu.migrate_fails = ScriptedEmulator::refuse("not now");
    must_fail(refused.record(), "not now");
    ck_assert(refused.snapshot->refused());
    Case lost;
    lost.qemu.migrate_fails = Error::make("the machine has closed the connection");
    must_fail(lost.record(), "the machine has closed the connection");
    ck_assert(!lost.snapshot->refused() && lost.qemu.cancelled);
}
END_TEST

}  // namespace

Suite* live_snapshot_suite() {
    return support::make_suite(
        "live_snapshot", {
                             events_are_attended_to_while_the_stream_comes_and_until_qemu_is_done,
                             events_are_attended_to_while_an_unwanted_stream_ends,
                             a_stream_whose_moment_is_not_known_is_kept_with_a_warning,
                             a_clock_that_steps_back_in_the_stop_makes_it_no_longer,
                             only_a_refusal_of_qemu_means_that_no_snapshot_is_made,
                         });
}

}  // namespace guestdump::attach
