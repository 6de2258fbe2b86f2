// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "dump/estimate/inspection_queue.h"
#include "monitor/command.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {

/// Queues an inspection: captures the machine's guest, runs @work on the capture on another thread
/// while the guest runs, and calls @done with the result, unless @monitor has been destroyed by
/// then. Main loop. Errors: those of InspectionQueue::add().
template <class T>
Result<> inspect(Monitor& monitor, dump::InspectionQueue::Work<T> work, Completion<T> done) {
    const auto take = [&machine = monitor.services.machine]() -> Result<dump::Capture> {
        TRY(machine.refresh_cpus());
        return dump::Capture::of(machine);
    };
    // @monitor exists when this is called: its claim goes with it.
    const auto tell = [&monitor, done = std::move(done)](Result<T> result) {
        monitor.inspection.reset();
        done(std::move(result));
    };
    monitor.inspection = TRY(monitor.services.inspections.add<T>(take, std::move(work), tell));
    return {};
}

}  // namespace guestdump::monitor
