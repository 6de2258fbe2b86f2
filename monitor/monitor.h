// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "monitor/qmp/event_hub.h"
#include "monitor/transport/fd_sets.h"
#include "monitor/transport/named_fds.h"
#include "qapi/types.h"
#include "util/unique_fd.h"

namespace guestdump::dump {
class DumpState;
class InspectionQueue;
}  // namespace guestdump::dump
namespace guestdump::vm {
class Machine;
class RamObjects;
}  // namespace guestdump::vm

namespace guestdump::monitor {

/// The objects that the commands of all monitors use. They must outlive the monitors.
struct Services {
    vm::Machine& machine;
    dump::DumpState& dump;
    dump::InspectionQueue& inspections;
    EventHub& events;
    FdSets& fd_sets;
    vm::RamObjects& objects;
    /// Returns the answer of query-chardev.
    std::function<std::vector<qapi::ChardevInfo>()> chardevs;
    /// Starts the machine for the first time, unless -S was given. Errors: those of
    /// Machine::cont().
    std::function<Result<>()> start;
    /// True between -preconfig and x-exit-preconfig: most commands are refused.
    bool preconfig = false;
    /// Shows the user a warning of one line.
    std::function<void(const std::string& warning)> warn;
};

/// The state of one client that commands use. It lives as long as the client is connected.
struct Monitor {
    explicit Monitor(Services& all) : services(all) {}

    Services& services;
    NamedFds fds;
    /// Descriptors that came by SCM_RIGHTS and that no command has taken yet.
    std::vector<util::UniqueFd> passed_fds;
    /// Claim on the inspection of the guest that this client waits for. There is at most one,
    /// because commands run one after the other. Destroying it drops the inspection.
    std::shared_ptr<void> inspection;
    int64_t cpu = 0;          ///< the vCPU that HMP commands refer to
    bool negotiated = false;  ///< qmp_capabilities has been executed
    bool oob = false;         ///< out-of-band execution is enabled
};

}  // namespace guestdump::monitor
