// SPDX-License-Identifier: GPL-2.0-or-later
#include <utility>

#include "monitor/commands.h"
#include "monitor/monitor.h"

namespace monitor {

Result<> qmp_getfd(Monitor& monitor, const qapi::GetfdArguments& arguments) {
    // The first is taken, the rest closed, whatever comes of it. [by experiment with QEMU 7.2]
    std::vector<util::UniqueFd> passed = std::exchange(monitor.passed_fds, {});
    if (passed.empty()) return Error::make("No file descriptor supplied via SCM_RIGHTS");
    const std::string& name = arguments.fdname;
    if (!name.empty() && name.front() >= '0' && name.front() <= '9') {
        return Error::make("Parameter 'fdname' expects a name not starting with a digit");
    }
    monitor.fds.add(name, std::move(passed.front()));
    return {};
}

Result<> qmp_closefd(Monitor& monitor, const qapi::ClosefdArguments& arguments) {
    return monitor.fds.close(arguments.fdname);
}

}  // namespace monitor
