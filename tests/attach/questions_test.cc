// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/questions.h"

#include "attach/held_guest.h"
#include "tests/attach/scripted_emulator.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* questions_suite();

namespace {

using support::must;
using support::must_fail;

START_TEST(a_usual_qemu_is_fit) {
    ScriptedEmulator qemu;
    must(check_fit(qemu));
    ck_assert(must(examine(qemu)).process.has_value());
    for (const char* status : {"none", "completed", "failed", "cancelled"}) {
        qemu.answers["query-migrate"] = std::string(R"({"status": ")") + status + "\"}";
        must(check_fit(qemu));
    }
    qemu.answers["query-sev"] = R"({"enabled": false})";
    must(check_fit(qemu));
}
END_TEST

START_TEST(a_qemu_without_dumps_in_the_background_is_refused_by_its_version) {
    ScriptedEmulator qemu;
    qemu.answers["query-version"] = R"({"qemu": {"major": 2, "minor": 5, "micro": 1}})";
    must_fail(check_fit(qemu), "QEMU 2.5 cannot dump in the background, 2.6 and later can");
    qemu.answers["query-version"] = R"({"qemu": {"major": 2, "minor": 6, "micro": 0}})";
    must(check_fit(qemu));
    qemu.answers["query-version"] = R"({"qemu": {"major": 10, "minor": 0, "micro": 2}})";
    must(check_fit(qemu));
    qemu.answers["query-version"] = R"({"qemu": 5})";
    ck_assert(!check_fit(qemu));
}
END_TEST

START_TEST(a_guest_on_the_move_is_refused) {
    ScriptedEmulator qemu;
    for (const char* status :
         {"setup", "active", "postcopy-active", "device", "cancelling", "new"}) {
        qemu.answers["query-migrate"] = std::string(R"({"status": ")") + status + "\"}";
        must_fail(examine(qemu), std::string("under way (") + status + ")");
    }
    qemu.answers["query-migrate"] = "{}";
    qemu.answers["query-status"] = R"({"status": "inmigrate", "running": false})";
    must_fail(examine(qemu), "still being received (inmigrate)");
}
END_TEST

/// A QEMU whose reply to one question is lost.
struct LossyEmulator final : ScriptedEmulator {
    Result<qapi::Json> ask(std::string_view command, qapi::Json arguments) override {
        if (command == "query-sev") return Error::make("the machine has closed the connection");
        return ScriptedEmulator::ask(command, std::move(arguments));
    }
};

START_TEST(a_question_whose_answer_is_lost_is_not_one_that_qemu_does_not_know) {
    LossyEmulator qemu;
    must_fail(check_fit(qemu), "the machine has closed the connection");
}
END_TEST

START_TEST(an_encrypted_guest_is_refused) {
    ScriptedEmulator qemu;
    qemu.answers["query-sev"] = R"({"enabled": true, "state": "running"})";
    must_fail(examine(qemu), "encrypted (SEV)");
}
END_TEST

START_TEST(a_guest_of_another_architecture_is_left_to_qemu) {
    ScriptedEmulator qemu;
    qemu.answers["query-target"] = R"({"arch": "aarch64"})";
    const Prospect prospect = must(examine(qemu));
    ck_assert(!prospect.process);
    ck_assert(prospect.why_not.value().message() == "a guest of aarch64 cannot be read, only x86");
}
END_TEST

START_TEST(host_addresses_are_taken_from_what_the_monitor_says) {
    ScriptedEmulator qemu;
    for (const char* said : {"Host virtual address for 0x0 (pc.ram) is 0x7f41dffff000\r\n",
                             "Host virtual address for 0x0 (a) is 0x1) is 0x7f41dffff000",
                             "Host virtual address for 0x0 ( is 0x5) is 0x7f41dffff000\n"}) {
        qemu.line = said;
        ck_assert_uint_eq(must(host_address(qemu, guest::Gpa{0})), 0x7f41dffff000);
    }
    for (const char* said : {"Memory at address 0xfed00000 is not RAM\r\n", "", ") is 0x", "x",
                             "Host virtual address for 0x0 (pc.ram) is 0x0",
                             "Host virtual address for 0x0 (pc.ram) is 0x10000000000000000"}) {
        qemu.line = *said ? said : "\r\n";
        must_fail(host_address(qemu, guest::Gpa{0}), "QEMU does not tell where guest memory is");
    }
}
END_TEST

START_TEST(threads_of_vcpus_are_listed) {
    ScriptedEmulator qemu;
    qemu.answers["query-cpus-fast"] = R"([{"thread-id": 5, "cpu-index": 0}, {"thread-id": 6}])";
    ck_assert(must(vcpu_threads(qemu)) == (std::vector<pid_t>{5, 6}));
    qemu.answers["query-cpus-fast"] = R"([{"cpu-index": 0}])";
    ck_assert(!vcpu_threads(qemu));
}
END_TEST

}  // namespace

Suite* questions_suite() {
    return support::make_suite(
        "questions", {
                         a_usual_qemu_is_fit,
                         a_qemu_without_dumps_in_the_background_is_refused_by_its_version,
                         a_guest_on_the_move_is_refused,
                         a_question_whose_answer_is_lost_is_not_one_that_qemu_does_not_know,
                         an_encrypted_guest_is_refused,
                         a_guest_of_another_architecture_is_left_to_qemu,
                         host_addresses_are_taken_from_what_the_monitor_says,
                         threads_of_vcpus_are_listed,
                     });
}

}  // namespace guestdump::attach
