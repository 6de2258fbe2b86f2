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

/// What the commands of all monitors work on. Everything must outlive the monitors.
struct Services {
    vm::Machine& machine;
    dump::DumpState& dump;
    dump::InspectionQueue& inspections;
    EventHub& events;
    FdSets& fd_sets;
    vm::RamObjects& objects;
    /// What query-chardev tells.
    std::function<std::vector<qapi::ChardevInfo>()> chardevs;
    /// Lets the machine run for the first time, where it is to. Errors: of Machine::cont().
    std::function<Result<>()> start;
    /// Between -preconfig and x-exit-preconfig: most commands are refused.
    bool preconfig = false;
    /// Takes what the person who started the program should know, one line.
    std::function<void(const std::string& warning)> warn;
};

/// One client, as its commands see it: lives from its connection to its end.
struct Monitor {
    explicit Monitor(Services& all) : services(all) {}

    Services& services;
    NamedFds fds;
    /// Came by SCM_RIGHTS, and no command has taken them yet.
    std::vector<util::UniqueFd> passed_fds;
    /// Claim of the inspection that it waits for; commands come one after the other, so that there
    /// is at most one.
    std::shared_ptr<void> inspection;
    int64_t cpu = 0;          ///< the vCPU that commands of HMP mean
    bool negotiated = false;  ///< qmp_capabilities is done
    bool oob = false;         ///< out-of-band execution is enabled
};

}  // namespace guestdump::monitor
