// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "monitor/hmp/hmp_command.h"
#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {

Suite* preconfig_suite();

namespace {

constexpr std::string_view kExit = R"({"execute": "x-exit-preconfig"})";

std::string too_early(const std::string& command) {
    return generic("The command '" + command +
                   "' is permitted only after machine initialization has completed");
}

START_TEST(most_commands_wait_for_the_end_of_preconfig) {
    TestMachine vm;
    vm.services.preconfig = true;
    Negotiated client(vm.services, kOob);
    for (const std::string name : {"query-cpus-fast", "stop", "cont", "system_reset", "query-dump"})
        check_text(client.ask(R"({"execute": ")" + name + "\"}"), too_early(name));
    check_text(client.ask(R"({"exec-oob": "query-dump"})"), too_early("query-dump"));
    check_text(client.ask(R"({"execute": "query-status"})"),
               R"({"return": {"running": false, "singlestep": false, "status": "prelaunch"}})"
               "\r\n");
    ck_assert(client.ask(R"({"execute": "query-commands"})").starts_with("{\"return\": ["));
}
END_TEST

START_TEST(machine_starts_when_preconfig_ends) {
    TestMachine vm;
    vm.services.preconfig = true;
    Negotiated client(vm.services);
    const std::string said = client.ask(kExit);
    ck_assert(said.find(R"("event": "RESUME")") != std::string::npos && said.ends_with(kOk));
    ck_assert(vm.machine->state() == vm::RunState::running);
    check_text(client.ask(R"({"execute": "stop"})").substr(0, 14), R"({"timestamp": )");
}
END_TEST

START_TEST(preconfig_ends_once) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::string refusal =
        generic("The command is permitted only before machine initialization");
    check_text(client.ask(kExit), refusal);
    vm.services.preconfig = true;
    client.ask(kExit);
    check_text(client.ask(kExit), refusal);
}
END_TEST

START_TEST(people_are_kept_from_the_machine_too) {
    TestMachine vm;
    vm.services.preconfig = true;
    Monitor monitor(vm.services);
    std::string said;
    const auto keep = [&](const std::string& output) { said = output; };
    run_hmp_line(monitor, "c", keep);
    check_text(said,
               "Command 'c' not available with -preconfig until after machine initialization."
               "\r\n");
    ck_assert(vm.machine->state() == vm::RunState::prelaunch);
    run_hmp_line(monitor, "info status", keep);
    check_text(said, "VM status: paused (prelaunch)\r\n");
}
END_TEST

}  // namespace

Suite* preconfig_suite() {
    return support::make_suite(
        "preconfig",
        {most_commands_wait_for_the_end_of_preconfig, machine_starts_when_preconfig_ends,
         preconfig_ends_once, people_are_kept_from_the_machine_too});
}

}  // namespace guestdump::monitor
