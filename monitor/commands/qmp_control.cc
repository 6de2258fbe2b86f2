// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <utility>

#include "monitor/commands.h"
#include "monitor/hmp/hmp_command.h"
#include "monitor/monitor.h"
#include "monitor/version.h"
#include "vm/machine.h"

namespace guestdump::monitor {

Result<> qmp_qmp_capabilities(Monitor& monitor, const qapi::QmpCapabilitiesArguments& arguments) {
    const auto enable = arguments.enable.value_or(std::vector<qapi::QMPCapability>());
    monitor.oob = std::ranges::count(enable, qapi::QMPCapability::oob) > 0;
    monitor.negotiated = true;
    return {};
}

Result<qapi::VersionInfo> qmp_query_version(Monitor&) {
    return version_info();
}

Result<std::vector<qapi::CommandInfo>> qmp_query_commands(Monitor&) {
    std::vector<qapi::CommandInfo> infos;
    for (const Command& command : commands()) infos.push_back({.name = std::string(command.name)});
    return infos;
}

Result<std::vector<qapi::ChardevInfo>> qmp_query_chardev(Monitor& monitor) {
    return monitor.services.chardevs();
}

void qmp_human_monitor_command(Monitor& monitor,
                               const qapi::HumanMonitorCommandArguments& arguments,
                               Completion<std::string> done) {
    const int64_t cpu = arguments.cpu_index.value_or(0);
    if (arguments.cpu_index && (cpu < 0 || cpu >= monitor.services.machine.cpu_count())) {
        return done(Error::make("Parameter 'cpu-index' expects a CPU number"));
    }
    monitor.cpu = cpu;
    run_hmp_line(monitor, arguments.command_line,
                 [done](std::string output) { done(std::move(output)); });
}

Result<> qmp_quit(Monitor& monitor) {
    monitor.services.machine.request_shutdown(vm::ShutdownCause::host_qmp_quit);
    return {};
}

}  // namespace guestdump::monitor
