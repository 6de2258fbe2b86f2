// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/remote_dump.h"

#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>

#include "tests/qmp/scripted_monitor.h"
#include "tests/support/run_suites.h"

namespace guestdump::tools {

using support::must;
using support::must_fail;
using namespace std::chrono_literals;

Suite* remote_dump_suite();

namespace {

constexpr std::string_view kOk = qmp::ScriptedMonitor::kOk;
constexpr std::string_view kCancels = R"({"return": [{"name": "dump-cancel"}]} )";

std::string state(const char* status, int completed) {
    return "{\"status\": \"" + std::string(status) +
           "\", \"completed\": " + std::to_string(completed) + ", \"total\": 4096}";
}

std::string returns(const std::string& value) {
    return "{\"return\": " + value + "}\r\n";
}

/// The event of a dump by a machine that reports when the dump began.
std::string dated_end() {
    std::string end = state("completed", 4096);
    return end.insert(end.size() - 1, ", \"start-time\": 5");
}

std::string event(const std::string& result) {
    return R"({"event": "DUMP_COMPLETED", "data": {"result": )" + result + "}}\r\n";
}

std::string failure(const char* why) {
    return R"({"event": "DUMP_COMPLETED", "data": {"result": )" + state("failed", 0) +
           R"(, "error": ")" + why + "\"}}\r\n";
}

/// A machine that can cancel, with its replies to getfd, to the dump and to later commands.
class Machine {
  public:
    explicit Machine(const std::vector<std::string>& texts)
        : texts_(texts),
          monitor_(all(), signal_.get()),
          client_(must(qmp::QmpClient::connect(monitor_.path()))),
          dump_(*client_, core(), must(DumpTarget::create(core()))) {
        support::write_file(core(), std::as_bytes(std::span("old", 3)));
        client_->interrupt_by(signal_.get());
        started_ = dump_.start({});
    }

    RemoteDump& dump() { return dump_; }

    /// Takes a signal that arrived while a reply was late.
    void take_signal() {
        ck_assert(!started_);
        ck_assert_int_eq(started_.error().os_error(), EINTR);
        eventfd_t taken;
        ck_assert_int_eq(::eventfd_read(signal_.get(), &taken), 0);
        started_ = {};
    }

    /// Returns how many more requests the machine has received, if its script counts them.
    std::string next_reply() { return qapi::to_text(must(client_->execute("any")).get()); }

    util::Result<uint64_t> conclude(bool unwanted = false) {
        const std::atomic<bool> flag = unwanted;
        return dump_.conclude(flag);
    }

    /// Waits as long as the machine sends anything.
    bool ends() {
        must(started_);
        for (int i = 0; i < 5; ++i) {
            if (must(dump_.wait(20ms))) return true;
        }
        return false;
    }

    bool old_file_is_there() const { return support::read_file(core()).size() == 3; }

  private:
    std::string core() const { return scratch_.path("core"); }

    std::vector<std::string_view> all() const {
        std::vector<std::string_view> all = {qmp::ScriptedMonitor::kGreeting, kOk, kCancels};
        all.insert(all.end(), texts_.begin(), texts_.end());
        return all;
    }

    const support::Scratch scratch_;
    const std::vector<std::string> texts_;
    const util::UniqueFd signal_{::eventfd(0, EFD_CLOEXEC)};
    const qmp::ScriptedMonitor monitor_;
    const std::unique_ptr<qmp::QmpClient> client_;
    RemoteDump dump_;
    util::Result<> started_{};
};

const std::string kDone = state("completed", 4096);
const std::string kActive = state("active", 100);

START_TEST(a_dump_that_the_machine_calls_completed_gets_its_name) {
    Machine machine({std::string(kOk), kOk.data() + event(kDone), returns(kDone)});
    ck_assert(machine.ends());
    ck_assert_uint_eq(must(machine.conclude()), 0);
    ck_assert(!machine.old_file_is_there());
}
END_TEST

START_TEST(the_end_of_an_earlier_dump_is_not_taken_for_ours) {
    // Sent before our dump was requested and before it had begun.
    for (const auto& [getfd, started] :
         {std::pair{event(kDone) + std::string(kOk), std::string(kOk)},
          std::pair{std::string(kOk), event(kDone) + std::string(kOk)}}) {
        Machine machine({getfd, started, returns(kActive)});
        ck_assert(!machine.ends());
        ck_assert(machine.old_file_is_there());
    }
}
END_TEST

START_TEST(a_failure_that_was_told_before_is_not_that_of_our_dump) {
    Machine machine(
        {failure("disk full") + std::string(kOk), std::string(kOk) + event(kDone), returns(kDone)});
    ck_assert(machine.ends());
    must(machine.conclude());
}
END_TEST

START_TEST(an_end_that_is_not_how_the_dump_ended_is_anothers) {
    const std::string failed = returns(state("failed", 0));
    Machine machine({std::string(kOk), event(kDone) + std::string(kOk), failed, failed});
    ck_assert(!machine.ends());
}
END_TEST

START_TEST(a_dump_that_ends_before_the_reply_has_ended) {
    Machine machine(
        {std::string(kOk), failure("disk full") + std::string(kOk), returns(state("failed", 0))});
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "disk full");
    ck_assert(machine.old_file_is_there());
}
END_TEST

START_TEST(a_failure_is_believed_though_another_dump_has_begun_since) {
    Machine machine({std::string(kOk), std::string(kOk) + failure("disk full"),
                     returns(kActive) + event(kDone), returns(kDone)});
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "disk full");
    ck_assert(machine.old_file_is_there());
}
END_TEST

START_TEST(an_end_without_a_reason_is_a_failure_too) {
    const std::string failed = state("failed", 0);
    Machine machine({std::string(kOk), kOk.data() + event(failed), returns(failed)});
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "gave no reason");
    ck_assert(machine.old_file_is_there());
}
END_TEST

START_TEST(what_others_dumps_do_after_ours_does_not_hide_its_end) {
    for (const std::string& since : {kActive, state("failed", 0)}) {
        Machine machine({std::string(kOk), kOk.data() + event(dated_end()), returns(since)});
        ck_assert(machine.ends());
        must(machine.conclude());
        ck_assert(!machine.old_file_is_there());
    }
}
END_TEST

START_TEST(an_end_like_ours_that_was_told_before_the_reply_is_anothers) {
    const std::string ended = returns(dated_end());
    Machine machine({std::string(kOk), event(dated_end()) + std::string(kOk), ended, ended});
    ck_assert(!machine.ends());
}
END_TEST

START_TEST(after_the_end_nothing_is_cancelled) {
    Machine machine(
        {std::string(kOk), kOk.data() + event(dated_end()), returns("1"), returns("2")});
    must(machine.dump().cancel());
    ck_assert(machine.ends());
    ck_assert(machine.next_reply() == "1");
}
END_TEST

const std::string kLate(qmp::ScriptedMonitor::kLate);

START_TEST(a_signal_before_the_reply_cancels_what_has_begun) {
    Machine machine({std::string(kOk), kLate + kOk.data(), failure("cancelled") + std::string(kOk),
                     returns(state("failed", 0))});
    machine.take_signal();
    must(machine.dump().cancel());
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "cancelled");
    ck_assert(machine.old_file_is_there());
}
END_TEST

START_TEST(a_signal_before_a_refusal_does_not_cancel_the_dump_that_is_in_the_way) {
    Machine machine({std::string(kOk), kLate + R"({"error": {"desc": "wait"}} )", std::string(kOk),
                     returns("1"), returns("2")});
    machine.take_signal();
    must(machine.dump().cancel());
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "wait");
    ck_assert(machine.next_reply() == "1");
}
END_TEST

START_TEST(a_signal_before_the_dump_was_asked_for_leaves_nothing_to_wait_for) {
    Machine machine({kLate + kOk.data()});
    machine.take_signal();
    must(machine.dump().cancel());
    ck_assert(machine.ends());
    must_fail(machine.conclude(), "cancelled");
}
END_TEST

START_TEST(a_whole_file_that_is_not_wanted_any_more_gets_no_name) {
    Machine machine({std::string(kOk), kOk.data() + event(dated_end())});
    ck_assert(machine.ends());
    must_fail(machine.conclude(true), "cancelled");
    ck_assert(machine.old_file_is_there());
}
END_TEST

}  // namespace

Suite* remote_dump_suite() {
    return support::make_suite(
        "remote_dump", {
                           a_dump_that_the_machine_calls_completed_gets_its_name,
                           the_end_of_an_earlier_dump_is_not_taken_for_ours,
                           a_failure_that_was_told_before_is_not_that_of_our_dump,
                           an_end_that_is_not_how_the_dump_ended_is_anothers,
                           a_dump_that_ends_before_the_reply_has_ended,
                           a_failure_is_believed_though_another_dump_has_begun_since,
                           an_end_without_a_reason_is_a_failure_too,
                           what_others_dumps_do_after_ours_does_not_hide_its_end,
                           an_end_like_ours_that_was_told_before_the_reply_is_anothers,
                           after_the_end_nothing_is_cancelled,
                           a_signal_before_the_reply_cancels_what_has_begun,
                           a_signal_before_a_refusal_does_not_cancel_the_dump_that_is_in_the_way,
                           a_signal_before_the_dump_was_asked_for_leaves_nothing_to_wait_for,
                           a_whole_file_that_is_not_wanted_any_more_gets_no_name,
                       });
}

}  // namespace guestdump::tools
