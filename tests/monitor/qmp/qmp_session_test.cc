// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/qmp_session.h"

#include <fcntl.h>

#include <string>
#include <vector>

#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

std::vector<util::UniqueFd> some_fds(size_t count) {
    std::vector<util::UniqueFd> fds;
    for (size_t i = 0; i < count; ++i) fds.emplace_back(open("/dev/null", O_RDWR | O_CLOEXEC));
    return fds;
}

START_TEST(greeting_has_what_clients_look_for) {
    TestMachine vm;
    TestClient client(vm.services);
    check_text(client.greeting(),
               R"({"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, )"
               R"("package": "guestdump 1.0.0"}, "capabilities": ["oob"]}})"
               "\r\n");
}
END_TEST

START_TEST(commands_wait_for_negotiation) {
    TestMachine vm;
    TestClient client(vm.services);
    const std::string expected =
        refused("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'");
    check_text(client.ask(R"({"execute": "query-version"})"), expected);
    check_text(client.ask(R"({"execute": "no-such-command"})"), expected);
    check_text(client.ask(R"({"execute": "qmp_capabilities", "arguments": {"enable": ["x"]}})"),
               generic("Parameter 'enable[0]' does not accept value 'x'"));
    check_text(client.ask(R"({"execute": "qmp_capabilities", "id": [1]})"),
               "{\"return\": {}, \"id\": [1]}\r\n");
    check_text(client.ask(R"({"execute": "qmp_capabilities"})"),
               refused("CommandNotFound",
                       "Capabilities negotiation is already complete, command ignored"));
}
END_TEST

START_TEST(id_of_any_type_comes_back) {
    TestMachine vm;
    Negotiated client(vm.services);
    for (const std::string id : {R"("a")", "1", "-0.5", "null", "true", R"([1, {"b": []}])"}) {
        check_text(client.ask(R"({"execute": "stop", "id": )" + id + "}"),
                   R"({"return": {}, "id": )" + id + "}\r\n");
        check_text(client.ask(R"({"execute": 1, "id": )" + id + "}"),
                   R"({"error": {"class": "GenericError", "desc": "QMP input member 'execute' )"
                   R"(must be a string"}, "id": )" +
                       id + "}\r\n");
    }
}
END_TEST

START_TEST(request_of_wrong_form_is_refused) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask("[]"), generic("QMP input must be a JSON object"));
    check_text(client.ask("null "), generic("QMP input must be a JSON object"));
    check_text(client.ask("{}"), generic("QMP input lacks member 'execute'"));
    check_text(client.ask(R"({"execute": "stop", "arguments": []})"),
               generic("QMP input member 'arguments' must be an object"));
    check_text(client.ask(R"({"execute": "stop", "x": 1})"),
               generic("QMP input member 'x' is unexpected"));
    check_text(client.ask(R"({"execute": "stop", "arguments": {"x": 1}})"),
               generic("Parameter 'x' is unexpected"));
    check_text(client.ask(R"({"execute": "no-such-command"})"),
               refused("CommandNotFound", "The command no-such-command has not been found"));
}
END_TEST

START_TEST(malformed_input_is_answered_at_once_and_forgotten) {
    TestMachine vm;
    TestClient client(vm.services);
    check_text(client.ask("{\x01"), generic("JSON parse error, stray '\\u0001'"));
    check_text(client.ask("{\"execute\": \"qmp_capabilities\"}"), kOk);
    check_text(client.ask("{'bad \xff"), generic("JSON parse error, stray ''bad \\uFFFD'"));
    check_text(client.ask("{'execute': 'stop'}{'execute': 'stop'}"), kOk + kOk);
}
END_TEST

START_TEST(empty_arguments_equal_none) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "stop", "arguments": {}})"), kOk);
}
END_TEST

START_TEST(exec_oob_needs_negotiation_and_a_command_that_allows_it) {
    TestMachine vm;
    Negotiated plain(vm.services);
    check_text(plain.ask(R"({"exec-oob": "query-dump"})"),
               generic("QMP input member 'exec-oob' is unexpected"));
    Negotiated client(vm.services, kOob);
    check_text(client.ask(R"({"exec-oob": "stop"})"),
               generic("The command stop does not support OOB"));
    check_text(client.ask(R"({"exec-oob": "stop", "execute": "stop"})"),
               generic("QMP input member 'execute' clashes with 'exec-oob'"));
    check_text(client.ask(R"({"exec-oob": "query-dump", "id": 1})"),
               R"({"return": {"status": "none", "completed": 0, "total": 0}, "id": 1})"
               "\r\n");
}
END_TEST

START_TEST(events_go_to_every_client_that_has_negotiated) {
    TestMachine vm;
    Negotiated one(vm.services);
    Negotiated other(vm.services);
    TestClient silent(vm.services);
    const std::string all = one.ask(R"({"execute": "cont"})");
    ck_assert(all.find(R"("event": "RESUME"})") != std::string::npos);
    ck_assert(all.ends_with(kOk));
    const std::string told = other.take();
    ck_assert(told.starts_with(R"({"timestamp": {"seconds": )"));
    ck_assert(told.ends_with("\"event\": \"RESUME\"}\r\n"));
    check_text(silent.take(), "");
}
END_TEST

START_TEST(shutdown_is_told_before_quit_is_answered) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::string all = client.ask(R"({"execute": "quit"})");
    ck_assert(all.find(R"("event": "SHUTDOWN", "data": {"guest": false)") != std::string::npos);
    ck_assert(all.ends_with("\"reason\": \"host-qmp-quit\"}}\r\n" + kOk));
}
END_TEST

START_TEST(event_after_a_client_has_gone_reaches_the_others) {
    TestMachine vm;
    Negotiated stays(vm.services);
    { Negotiated goes(vm.services); }
    vm.events.emit(qapi::ShutdownEvent{.guest = true, .reason = qapi::ShutdownCause::guest_reset});
    ck_assert(stays.take().ends_with(
        "\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-reset\"}}\r\n"));
}
END_TEST

START_TEST(first_fd_is_named_and_the_rest_closed) {
    TestMachine vm;
    Negotiated client(vm.services);
    std::vector<util::UniqueFd> fds = some_fds(2);
    const int kept = fds[0].get(), dropped = fds[1].get();
    check_text(client.ask(R"({"execute": "getfd", "arguments": {"fdname": "x"}})", std::move(fds)),
               kOk);
    ck_assert_int_ge(fcntl(kept, F_GETFD), 0);
    ck_assert_int_lt(fcntl(dropped, F_GETFD), 0);
    check_text(client.ask(R"({"execute": "getfd", "arguments": {"fdname": "y"}})"),
               generic("No file descriptor supplied via SCM_RIGHTS"));
    check_text(client.ask(R"({"execute": "closefd", "arguments": {"fdname": "x"}})"), kOk);
    ck_assert_int_lt(fcntl(kept, F_GETFD), 0);
    check_text(client.ask(R"({"execute": "closefd", "arguments": {"fdname": "x"}})"),
               generic("File descriptor named 'x' not found"));
}
END_TEST

START_TEST(fd_may_come_before_its_command_and_a_later_one_replaces_it) {
    TestMachine vm;
    Negotiated client(vm.services);
    std::vector<util::UniqueFd> first = some_fds(1), second = some_fds(1);
    const int replaced = first[0].get(), kept = second[0].get();
    client.ask(" ", std::move(first));
    client.ask("{", std::move(second));
    check_text(client.ask(R"("execute": "getfd", "arguments": {"fdname": "x"}})"), kOk);
    ck_assert_int_lt(fcntl(replaced, F_GETFD), 0);
    ck_assert_int_ge(fcntl(kept, F_GETFD), 0);
}
END_TEST

START_TEST(fd_is_closed_when_getfd_is_refused) {
    TestMachine vm;
    Negotiated client(vm.services);
    std::vector<util::UniqueFd> fds = some_fds(1);
    const int fd = fds[0].get();
    check_text(client.ask(R"({"execute": "getfd", "arguments": {"fdname": "1"}})", std::move(fds)),
               generic("Parameter 'fdname' expects a name not starting with a digit"));
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(fds_of_a_client_go_with_it_and_are_its_own) {
    TestMachine vm;
    std::vector<util::UniqueFd> fds = some_fds(1);
    const int fd = fds[0].get();
    {
        Negotiated client(vm.services), other(vm.services);
        client.ask(R"({"execute": "getfd", "arguments": {"fdname": "x"}})", std::move(fds));
        check_text(other.ask(R"({"execute": "closefd", "arguments": {"fdname": "x"}})"),
                   generic("File descriptor named 'x' not found"));
    }
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(query_commands_lists_all_sorted) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::string reply = client.ask(R"({"execute": "query-commands"})");
    for (const Command& command : commands()) {
        ck_assert(reply.find("{\"name\": \"" + std::string(command.name) + "\"}") !=
                  std::string::npos);
        ck_assert_ptr_eq(find_command(command.name), &command);
    }
    ck_assert_ptr_null(find_command("zz"));
    ck_assert_ptr_null(find_command(""));
}
END_TEST

}  // namespace

Suite* qmp_session_suite() {
    return support::make_suite("qmp_session",
                               {
                                   greeting_has_what_clients_look_for,
                                   commands_wait_for_negotiation,
                                   id_of_any_type_comes_back,
                                   request_of_wrong_form_is_refused,
                                   malformed_input_is_answered_at_once_and_forgotten,
                                   empty_arguments_equal_none,
                                   exec_oob_needs_negotiation_and_a_command_that_allows_it,
                                   shutdown_is_told_before_quit_is_answered,
                                   events_go_to_every_client_that_has_negotiated,
                                   event_after_a_client_has_gone_reaches_the_others,
                                   first_fd_is_named_and_the_rest_closed,
                                   fd_may_come_before_its_command_and_a_later_one_replaces_it,
                                   fd_is_closed_when_getfd_is_refused,
                                   fds_of_a_client_go_with_it_and_are_its_own,
                                   query_commands_lists_all_sorted,
                               });
}

}  // namespace guestdump::monitor
