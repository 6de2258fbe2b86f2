// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>

#include "dump/estimate/estimate_queue.h"
#include "dump/request.h"
#include "dump/snapshot.h"
#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

/// Most bytes by which a note that is found later makes a dump larger: a page of text, and its
/// program header, which may need another page.
constexpr uint64_t kRoomForNote = 2 * 4096;

Result<dump::Snapshot> take_snapshot(vm::Machine& machine, const dump::Request& request) {
    TRY(machine.refresh_cpus());
    return dump::Snapshot::take(machine, request);
}

/// True if every dump of @machine fails, as with -machine none.
bool cannot_be_dumped(const vm::Machine& machine) {
    return machine.cpu_count() == 0 || machine.blocks().empty();
}

Result<> estimate(Monitor& monitor, const qapi::QueryDumpEstimateArguments& arguments,
                  const Completion<qapi::DumpEstimate>& done) {
    qapi::DumpGuestMemoryArguments dump;
    dump.format = arguments.format;
    dump.begin = arguments.begin;
    dump.length = arguments.length;
    // Searching all of memory for it would take too long for the main loop.
    dump.find_vmcoreinfo = false;
    const dump::Request request = TRY(dump::parse_request(dump));
    if (cannot_be_dumped(monitor.services.machine)) {
        done(qapi::DumpEstimate{});
        return {};
    }
    const auto room = std::make_shared<uint64_t>(0);
    const auto take = [&machine = monitor.services.machine, request,
                       room]() -> Result<dump::Snapshot> {
        dump::Snapshot snapshot = TRY(take_snapshot(machine, request));
        if (!snapshot.vmcoreinfo) *room = kRoomForNote;
        return snapshot;
    };
    // Called only while the monitor exists: when it goes, its claim on the estimate goes too.
    const auto tell = [&monitor, done, room](Result<dump::SizeEstimate> size) {
        monitor.estimate.reset();
        if (!size) return done(std::move(size).take_error());
        done(qapi::DumpEstimate{.bytes = size->bytes,
                                .lowest = size->lowest,
                                .highest = size->highest + *room,
                                .without_holes = size->without_holes + *room});
    };
    monitor.estimate = TRY(monitor.services.estimates.add(take, request, tell));
    return {};
}

}  // namespace

void qmp_query_dump_estimate(Monitor& monitor, const qapi::QueryDumpEstimateArguments& arguments,
                             Completion<qapi::DumpEstimate> done) {
    Result<> begun = estimate(monitor, arguments, done);
    if (!begun) done(std::move(begun).take_error());
}

}  // namespace guestdump::monitor
