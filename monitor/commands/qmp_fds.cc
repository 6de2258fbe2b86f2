// SPDX-License-Identifier: GPL-2.0-or-later
#include <utility>

#include "monitor/commands.h"
#include "monitor/monitor.h"

namespace guestdump::monitor {

namespace {

/// Returns the first descriptor that was passed and closes the others. [by experiment with QEMU
/// 7.2]
Result<util::UniqueFd> take_passed_fd(Monitor& monitor) {
    std::vector<util::UniqueFd> passed = std::exchange(monitor.passed_fds, {});
    if (passed.empty()) return Error::make("No file descriptor supplied via SCM_RIGHTS");
    return std::move(passed.front());
}

}  // namespace

Result<> qmp_getfd(Monitor& monitor, const qapi::GetfdArguments& arguments) {
    util::UniqueFd fd = TRY(take_passed_fd(monitor));
    const std::string& name = arguments.fdname;
    if (!name.empty() && name.front() >= '0' && name.front() <= '9') {
        return Error::make("Parameter 'fdname' expects a name not starting with a digit");
    }
    monitor.fds.add(name, std::move(fd));
    return {};
}

Result<> qmp_closefd(Monitor& monitor, const qapi::ClosefdArguments& arguments) {
    return monitor.fds.close(arguments.fdname);
}

Result<qapi::AddfdInfo> qmp_add_fd(Monitor& monitor, const qapi::AddFdArguments& arguments) {
    util::UniqueFd fd = TRY(take_passed_fd(monitor));
    return monitor.services.fd_sets.add(std::move(fd), arguments.fdset_id, arguments.opaque);
}

Result<> qmp_remove_fd(Monitor& monitor, const qapi::RemoveFdArguments& arguments) {
    return monitor.services.fd_sets.remove(arguments.fdset_id, arguments.fd);
}

Result<std::vector<qapi::FdsetInfo>> qmp_query_fdsets(Monitor& monitor) {
    return monitor.services.fd_sets.list();
}

}  // namespace guestdump::monitor
