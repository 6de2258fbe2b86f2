// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "monitor/version.h"
#include "vm/machine.h"

namespace monitor {

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

Result<> qmp_quit(Monitor& monitor) {
    monitor.services.machine.request_shutdown(vm::ShutdownCause::host_qmp_quit);
    return {};
}

}  // namespace monitor
