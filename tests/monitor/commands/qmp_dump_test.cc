// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <string>

#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

/// A folder for one test. It is removed with the files that the test made in it.
class Folder {
  public:
    Folder() { ck_assert_ptr_nonnull(mkdtemp(name_)); }
    ~Folder() {
        unlink(path("vmcore").c_str());
        rmdir(name_);
    }
    std::string path(const char* file) const { return std::string(name_) + "/" + file; }

  private:
    char name_[32] = "/tmp/guestdump-test-XXXXXX";
};

bool exists(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

std::string dump_request(const std::string& protocol, const std::string& more = "") {
    return R"({"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": ")" +
           protocol + "\"" + more + "}}";
}

/// A pipe that nobody reads. A dump into it cannot end, because 64 KiB of memory and the headers do
/// not fit.
class StuckTarget {
  public:
    StuckTarget() { ck_assert_int_eq(pipe2(ends_, O_CLOEXEC), 0); }
    ~StuckTarget() { close(ends_[0]); }

    /// Begins a dump into the pipe. @more: further arguments.
    std::string dump(TestClient& client, const std::string& more = "") {
        std::vector<util::UniqueFd> fds;
        fds.emplace_back(ends_[1]);
        check_text(
            client.ask(R"({"execute": "getfd", "arguments": {"fdname": "x"}})", std::move(fds)),
            kOk);
        return client.ask(dump_request("fd:x", more));
    }

    /// Reads the pipe to its end, which lets the dump end, and returns the number of bytes.
    size_t drain() {
        size_t total = 0;
        char buffer[4096];
        for (ssize_t n = 0; (n = read(ends_[0], buffer, sizeof buffer)) > 0;) {
            total += static_cast<size_t>(n);
        }
        return total;
    }

  private:
    int ends_[2];
};

void finish_dump(TestMachine& vm) {
    vm.loop.run_until([&] { return !vm.dump.active(); });
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

START_TEST(synchronous_dump_replies_when_the_file_is_there) {
    TestMachine vm;
    Folder folder;
    Negotiated client(vm.services);
    check_text(client.ask(dump_request("file:" + folder.path("vmcore"))), "");
    finish_dump(vm);
    ck_assert(exists(folder.path("vmcore")));
    const std::string told = client.take();
    const std::string result =
        R"({"status": "completed", "completed": 65536, "total": 65536, "start-time": )";
    ck_assert(has(told, R"("event": "DUMP_COMPLETED", "data": {"result": )" + result));
    ck_assert(told.ends_with("}}}\r\n" + kOk));
    ck_assert(has(client.ask(R"({"execute": "query-dump"})"), R"({"return": )" + result));
}
END_TEST

START_TEST(running_guest_stops_for_a_dump_and_runs_on) {
    TestMachine vm;
    Folder folder;
    Negotiated client(vm.services);
    client.ask(R"({"execute": "cont"})");
    const std::string begun = client.ask(dump_request("file:" + folder.path("vmcore")));
    finish_dump(vm);
    const std::string told = begun + client.take();
    const size_t stop = told.find("STOP"), resume = told.find("RESUME"),
                 done = told.find("DUMP_COMPLETED"), reply = told.find("return");
    ck_assert(stop < resume && resume < done && done < reply && reply != std::string::npos);
    ck_assert(vm.machine->running());
}
END_TEST

START_TEST(guest_that_did_not_run_can_be_started_after_a_dump) {
    TestMachine vm;
    Folder folder;
    Negotiated client(vm.services);
    client.ask(dump_request("file:" + folder.path("vmcore")));
    finish_dump(vm);
    client.take();
    ck_assert(!vm.machine->running());
    ck_assert(client.ask(R"({"execute": "cont"})").ends_with(kOk));
    ck_assert(vm.machine->running());
}
END_TEST

START_TEST(detached_dump_replies_at_once_and_tells_its_end) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services);
    check_text(target.dump(client, R"(, "detach": true)"), kOk);
    ck_assert(has(client.ask(R"({"execute": "query-dump"})"), R"("status": "active")"));
    target.drain();
    finish_dump(vm);
    const std::string told = client.take();
    ck_assert(has(told, "DUMP_COMPLETED"));
    ck_assert(!has(told, "return"));
}
END_TEST

START_TEST(query_tells_phase_and_start_of_an_active_dump) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services);
    target.dump(client, R"(, "detach": true)");
    std::string told;
    do {  // another thread prepares the dump first
        told = client.ask(R"({"execute": "query-dump"})");
    } while (has(told, R"("phase": "prepare")"));
    ck_assert(has(told, R"("phase": "memory", "start-time": )"));
    target.drain();
    finish_dump(vm);
}
END_TEST

START_TEST(cancelled_dump_fails_and_the_guest_runs_on) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services, kOob);
    client.ask(R"({"execute": "cont"})");
    target.dump(client);
    check_text(client.ask(R"({"exec-oob": "dump-cancel"})"), kOk);
    finish_dump(vm);
    const std::string told = client.take();
    ck_assert(has(told, R"("status": "failed")"));
    ck_assert(has(told, R"("error": "cancelled"}})"));
    ck_assert(told.ends_with(generic("cancelled")));
    ck_assert(vm.machine->running());
    check_text(client.ask(R"({"execute": "dump-cancel"})"), generic("There is no dump in process"));
}
END_TEST

START_TEST(commands_behind_a_synchronous_dump_wait_and_those_of_others_do_not) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services, kOob), other(vm.services);
    target.dump(client);
    check_text(client.ask(R"({"execute": "query-version"})"), "");
    check_text(client.ask("{]"), "");
    ck_assert(has(client.ask(R"({"exec-oob": "query-dump", "id": 1})"), R"("id": 1)"));
    ck_assert(has(other.ask(R"({"execute": "query-dump"})"), R"("status": "active")"));
    target.drain();
    finish_dump(vm);
    const std::string told = client.take();
    const size_t reply = told.find(kOk), version = told.find("package"),
                 error = told.find("JSON parse error");
    ck_assert(reply < version && version < error && error != std::string::npos);
}
END_TEST

START_TEST(an_estimate_is_made_elsewhere_and_other_clients_do_not_wait_for_it) {
    TestMachine vm;
    Negotiated client(vm.services, kOob), other(vm.services);
    check_text(client.ask(R"({"execute": "query-dump-estimate", "id": 7})"), "");
    check_text(client.ask(R"({"execute": "query-version"})"), "");
    ck_assert(has(client.ask(R"({"exec-oob": "query-dump", "id": 1})"), R"("id": 1)"));
    ck_assert(has(other.ask(R"({"execute": "query-dump"})"), R"("status": "none")"));
    std::string told;
    vm.loop.run_until([&] { return has(told += client.take(), "package"); });
    ck_assert(has(told, R"("without-holes": )") && told.find(R"("id": 7)") < told.find("package"));
    // Wrong arguments are refused at once.
    ck_assert(has(client.ask(R"({"execute": "query-dump-estimate", "arguments": {"begin": 1}})"),
                  "Parameter 'length' is missing"));
    check_text(other.ask(R"({"execute": "human-monitor-command",)"
                         R"( "arguments": {"command-line": "info dump-estimate"}})"),
               "");
    vm.loop.run_until([&] { return has(told += other.take(), " bytes, from "); });
}
END_TEST

/// Asks for more estimates than may wait. Each client disconnects at once.
void ask_and_go(TestMachine& vm, const std::string& request) {
    for (size_t i = 0; i < 2 * dump::InspectionQueue::kMostWaiting; ++i) {
        Negotiated client(vm.services);
        check_text(client.ask(request), "");
    }
}

START_TEST(an_estimate_whose_client_has_gone_is_dropped) {
    TestMachine vm;
    Negotiated other(vm.services);
    ask_and_go(vm, R"({"execute": "query-dump-estimate"})");
    ask_and_go(vm, R"({"execute": "human-monitor-command",)"
                   R"( "arguments": {"command-line": "info dump-estimate"}})");
    std::string told = other.ask(R"({"execute": "query-dump-estimate"})");
    vm.loop.run_until([&] { return has(told += other.take(), "highest"); });
}
END_TEST

START_TEST(estimate_of_a_machine_that_cannot_be_dumped_is_zero) {
    TestMachine vm(TestMachine::Contents::nothing);
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-dump-estimate"})"),
               R"({"return": {"bytes": 0, "lowest": 0, "highest": 0, "without-holes": 0}})"
               "\r\n");
    ck_assert(has(client.ask(R"({"execute": "query-dump-estimate", "arguments": {"begin": 1}})"),
                  "Parameter 'length' is missing"));
}
END_TEST

START_TEST(a_guest_that_is_no_linux_has_a_report_that_says_so) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-guest-report"})"), "");
    std::string told;
    vm.loop.run_until([&] { return has(told += client.take(), "warnings"); });
    ck_assert_msg(has(told, R"("condition": "unknown")"), "%s", told.c_str());
    check_text(client.ask(R"({"execute": "human-monitor-command",)"
                          R"( "arguments": {"command-line": "info guest"}})"),
               "");
    vm.loop.run_until([&] { return has(told += client.take(), "state:       not known"); });
}
END_TEST

START_TEST(a_machine_without_memory_has_a_report_that_says_so) {
    TestMachine vm(TestMachine::Contents::nothing);
    Negotiated client(vm.services);
    const std::string told = client.ask(R"({"execute": "query-guest-report"})");
    ck_assert(has(told, R"("condition": "unknown")"));
    ck_assert(has(told, "the machine has no CPU or no memory"));
}
END_TEST

START_TEST(inspections_that_wait_are_bounded) {
    TestMachine vm;
    std::deque<Negotiated> clients;
    for (size_t i = 0; i < 1 + dump::InspectionQueue::kMostWaiting; ++i) {
        check_text(clients.emplace_back(vm.services).ask(R"({"execute": "query-dump-estimate"})"),
                   "");
    }
    Negotiated other(vm.services);
    check_text(other.ask(R"({"execute": "query-dump-estimate"})"),
               generic("64 inspections of the guest are waiting, at most 64 may"));
    for (Negotiated& client : clients) {
        std::string told;
        vm.loop.run_until([&] { return has(told += client.take(), "highest"); });
    }
}
END_TEST

START_TEST(client_with_many_waiting_requests_is_not_read) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services);
    target.dump(client);
    for (size_t i = 0; i < QmpSession::kMaxWaiting; ++i) {
        ck_assert(client.may_send());
        client.ask("{}");
    }
    ck_assert(!client.may_send());
    target.drain();
    finish_dump(vm);
    ck_assert(client.may_send());
}
END_TEST

START_TEST(dump_goes_on_when_its_client_goes) {
    TestMachine vm;
    StuckTarget target;
    Negotiated other(vm.services);
    {
        Negotiated client(vm.services);
        target.dump(client);
    }
    ck_assert_uint_gt(target.drain(), 65536);
    finish_dump(vm);
    ck_assert(has(other.take(), R"("status": "completed")"));
}
END_TEST

START_TEST(second_dump_stop_and_cont_are_refused_while_one_is_active) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services);
    target.dump(client, R"(, "detach": true)");
    const std::string busy = generic("There is a dump in process, please wait.");
    check_text(client.ask(R"({"execute": "stop"})"), busy);
    check_text(client.ask(R"({"execute": "cont"})"), busy);
    // Even if the arguments are wrong too: QEMU checks in this order.
    check_text(client.ask(dump_request("nonsense:")), busy);
    target.drain();
    finish_dump(vm);
    client.take();
    check_text(client.ask(R"({"execute": "stop"})"), kOk);
}
END_TEST

START_TEST(bad_arguments_leave_the_target_alone) {
    TestMachine vm;
    Folder folder;
    Negotiated client(vm.services);
    const std::string file = "file:" + folder.path("vmcore");
    check_text(client.ask(dump_request(file, R"(, "begin": 0)")),
               generic("Parameter 'length' is missing"));
    check_text(client.ask(dump_request(file, R"(, "begin": 0, "length": 0)")),
               generic("parameter 'length' expects a non-zero size"));
    check_text(client.ask(dump_request(file, R"(, "format": "win-dmp")")),
               generic("win-dmp is not available now"));
    ck_assert(!exists(folder.path("vmcore")));
    check_text(client.ask(R"({"execute": "query-dump"})"),
               "{\"return\": {\"status\": \"none\", \"completed\": 0, \"total\": 0}}\r\n");
}
END_TEST

START_TEST(target_that_cannot_be_opened_is_named) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(dump_request("file:/nonexistent/vmcore")),
               generic("Could not open '/nonexistent/vmcore': No such file or directory"));
    check_text(client.ask(dump_request("fd:x")),
               generic("File descriptor named 'x' has not been found"));
    check_text(client.ask(dump_request("tcp:x")),
               generic("parameter 'protocol' must start with 'file:' or 'fd:'"));
    ck_assert(!vm.dump.active());
}
END_TEST

START_TEST(fd_of_a_dump_is_used_once) {
    TestMachine vm;
    StuckTarget target;
    Negotiated client(vm.services);
    target.dump(client, R"(, "detach": true)");
    target.drain();
    finish_dump(vm);
    client.take();
    check_text(client.ask(dump_request("fd:x")),
               generic("File descriptor named 'x' has not been found"));
}
END_TEST

START_TEST(failed_dump_says_why_in_event_and_reply) {
    TestMachine vm;
    Negotiated client(vm.services);
    vm.ram->fail_at(4096);
    std::vector<util::UniqueFd> fds;
    fds.emplace_back(open("/dev/null", O_WRONLY | O_CLOEXEC));
    client.ask(R"({"execute": "getfd", "arguments": {"fdname": "x"}})", std::move(fds));
    client.ask(dump_request("fd:x"));
    finish_dump(vm);
    const std::string told = client.take();
    ck_assert(has(told, R"("status": "failed")"));
    ck_assert(has(told, R"("error": ")"));
    ck_assert(has(told, R"({"error": {"class": "GenericError", "desc": ")"));
}
END_TEST

START_TEST(capability_lists_formats_in_qemus_order) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-dump-guest-memory-capability"})"),
               R"({"return": {"formats": ["elf", "kdump-zlib", "kdump-raw-zlib", "kdump-lzo", )"
               R"("kdump-raw-lzo", "kdump-snappy", "kdump-raw-snappy", "kdump-zstd", )"
               R"("kdump-raw-zstd", "vbox-core"]}})"
               "\r\n");
}
END_TEST

}  // namespace

Suite* qmp_dump_suite() {
    return support::make_suite(
        "qmp_dump", {
                        synchronous_dump_replies_when_the_file_is_there,
                        running_guest_stops_for_a_dump_and_runs_on,
                        guest_that_did_not_run_can_be_started_after_a_dump,
                        detached_dump_replies_at_once_and_tells_its_end,
                        query_tells_phase_and_start_of_an_active_dump,
                        cancelled_dump_fails_and_the_guest_runs_on,
                        commands_behind_a_synchronous_dump_wait_and_those_of_others_do_not,
                        an_estimate_is_made_elsewhere_and_other_clients_do_not_wait_for_it,
                        an_estimate_whose_client_has_gone_is_dropped,
                        estimate_of_a_machine_that_cannot_be_dumped_is_zero,
                        a_guest_that_is_no_linux_has_a_report_that_says_so,
                        a_machine_without_memory_has_a_report_that_says_so,
                        inspections_that_wait_are_bounded,
                        client_with_many_waiting_requests_is_not_read,
                        dump_goes_on_when_its_client_goes,
                        second_dump_stop_and_cont_are_refused_while_one_is_active,
                        bad_arguments_leave_the_target_alone,
                        target_that_cannot_be_opened_is_named,
                        fd_of_a_dump_is_used_once,
                        failed_dump_says_why_in_event_and_reply,
                        capability_lists_formats_in_qemus_order,
                    });
}

}  // namespace guestdump::monitor
