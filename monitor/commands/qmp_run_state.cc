// SPDX-License-Identifier: GPL-2.0-or-later
#include <utility>

#include "dump/dump_state.h"
#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

Result<> refuse_during_dump(const Services& services) {
    if (services.dump.active() && !services.dump.live())
        return Error::make("There is a dump in process, please wait.");
    return {};
}

}  // namespace

Result<qapi::StatusInfo> qmp_query_status(Monitor& monitor) {
    const qapi::RunState state = monitor.services.machine.state();
    return qapi::StatusInfo{.running = state == qapi::RunState::running, .status = state};
}

Result<> qmp_x_exit_preconfig(Monitor& monitor) {
    if (!std::exchange(monitor.services.preconfig, false)) {
        return Error::make("The command is permitted only before machine initialization");
    }
    return monitor.services.start();
}

Result<> qmp_stop(Monitor& monitor) {
    TRY(refuse_during_dump(monitor.services));
    monitor.services.machine.stop();
    return {};
}

Result<> qmp_cont(Monitor& monitor) {
    TRY(refuse_during_dump(monitor.services));
    return monitor.services.machine.cont();
}

Result<> qmp_system_reset(Monitor& monitor) {
    return monitor.services.machine.request_reset(vm::ShutdownCause::host_qmp_system_reset);
}

}  // namespace guestdump::monitor
