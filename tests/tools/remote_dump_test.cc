// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/remote_dump.h"

#include "tests/support/run_suites.h"
#include "tests/tools/scripted_monitor.h"

namespace tools {

using support::must;
using support::must_fail;
using namespace std::chrono_literals;

Suite* remote_dump_suite();

namespace {

constexpr std::string_view kOk = ScriptedMonitor::kOk;
constexpr std::string_view kCancels = R"({"return": [{"name": "dump-cancel"}]} )";

std::string state(const char* status, int completed) {
    return "{\"status\": \"" + std::string(status) +
           "\", \"completed\": " + std::to_string(completed) + ", \"total\": 4096}";
}

std::string returns(const std::string& value) {
    return "{\"return\": " + value + "}\r\n";
}

std::string event(const std::string& result) {
    return R"({"event": "DUMP_COMPLETED", "data": {"result": )" + result + "}}\r\n";
}

std::string failure(const char* why) {
    return R"({"event": "DUMP_COMPLETED", "data": {"result": )" + state("failed", 0) +
           R"(, "error": ")" + why + "\"}}\r\n";
}

/// A machine that can cancel, and what it says to getfd, to the dump, and to what follows.
class Machine {
  public:
    explicit Machine(const std::vector<std::string>& texts)
        : texts_(texts),
          monitor_(all()),
          client_(must(QmpClient::connect(monitor_.path()))),
          dump_(must(RemoteDump::create(*client_, core()))) {
        support::write_file(core(), std::as_bytes(std::span("old", 3)));
        must(dump_.start({}));
    }

    RemoteDump& dump() { return dump_; }

    /// Waits as long as the machine has something to say.
    bool ends() {
        for (int i = 0; i < 5; ++i) {
            if (must(dump_.wait(20ms))) return true;
        }
        return false;
    }

    bool old_file_is_there() const { return support::read_file(core()).size() == 3; }

  private:
    std::string core() const { return scratch_.path("core"); }

    std::vector<std::string_view> all() const {
        std::vector<std::string_view> all = {ScriptedMonitor::kGreeting, kOk, kCancels};
        all.insert(all.end(), texts_.begin(), texts_.end());
        return all;
    }

    const support::Scratch scratch_;
    const std::vector<std::string> texts_;
    const ScriptedMonitor monitor_;
    const std::unique_ptr<QmpClient> client_;
    RemoteDump dump_;
};

const std::string kDone = state("completed", 4096);
const std::string kActive = state("active", 100);

START_TEST(a_dump_that_the_machine_calls_completed_gets_its_name) {
    Machine machine({std::string(kOk), kOk.data() + event(kDone), returns(kDone)});
    ck_assert(machine.ends());
    ck_assert_uint_eq(must(machine.dump().conclude()), 0);
    ck_assert(!machine.old_file_is_there());
}
END_TEST

START_TEST(the_end_of_an_earlier_dump_is_not_taken_for_ours) {
    // Told before our dump was asked for, and before it had begun.
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
    must(machine.dump().conclude());
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
    must_fail(machine.dump().conclude(), "disk full");
    ck_assert(machine.old_file_is_there());
}
END_TEST

START_TEST(a_failure_is_believed_though_another_dump_has_begun_since) {
    Machine machine({std::string(kOk), std::string(kOk) + failure("disk full"),
                     returns(kActive) + event(kDone), returns(kDone)});
    ck_assert(machine.ends());
    must_fail(machine.dump().conclude(), "disk full");
    ck_assert(machine.old_file_is_there());
}
END_TEST

}  // namespace

Suite* remote_dump_suite() {
    return support::make_suite("remote_dump",
                               {
                                   a_dump_that_the_machine_calls_completed_gets_its_name,
                                   the_end_of_an_earlier_dump_is_not_taken_for_ours,
                                   a_failure_that_was_told_before_is_not_that_of_our_dump,
                                   an_end_that_is_not_how_the_dump_ended_is_anothers,
                                   a_dump_that_ends_before_the_reply_has_ended,
                                   a_failure_is_believed_though_another_dump_has_begun_since,
                               });
}

}  // namespace tools
