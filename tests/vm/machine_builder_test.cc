// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/machine_builder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::vm {

using support::must;

Suite* machine_builder_suite();

namespace {

const MonitorOption kQmp = {
    MonitorOption::Protocol::qmp, {MonitorDevice::Kind::listen, "/q", -1}, "compat_monitor0"};
const MonitorOption kQtest = {
    MonitorOption::Protocol::qtest, {MonitorDevice::Kind::connect, "/t", -1}, "qtest"};

/// The warnings of an empty machine with these accelerators and monitors.
std::vector<std::string> warnings(std::vector<std::string> accels,
                                  std::vector<MonitorOption> monitors) {
    Options options;
    options.machine = MachineType::none;
    options.accels = std::move(accels);
    options.monitors = std::move(monitors);
    return must(build_machine(options)).warnings;
}

START_TEST(tcg_is_called_by_its_real_name_once) {
    const std::vector<std::string> expected = {
        "-accel tcg: this is not TCG but the synthetic accelerator; no guest code runs, each vCPU "
        "is a thread that counts in its registers and in memory"};
    ck_assert(warnings({"tcg"}, {kQmp}) == expected);
    ck_assert(warnings({"tcg", "tcg"}, {kQmp}) == expected);
    ck_assert(warnings({"synthetic"}, {kQmp}).empty());
    ck_assert(warnings({"qtest", "tcg"}, {kQmp}).empty());
}
END_TEST

START_TEST(machine_without_a_monitor_warns) {
    const std::vector<std::string> expected = {
        "no -qmp, -monitor or -mon: nothing can control this machine or dump it while it runs"};
    ck_assert(warnings({"qtest"}, {}) == expected);
    ck_assert(warnings({"qtest"}, {kQtest}) == expected);
    ck_assert(warnings({"qtest"}, {kQtest, kQmp}).empty());
}
END_TEST

}  // namespace

Suite* machine_builder_suite() {
    return support::make_suite(
        "machine_builder", {tcg_is_called_by_its_real_name_once, machine_without_a_monitor_warns});
}

}  // namespace guestdump::vm
