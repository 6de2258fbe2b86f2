// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/request.h"
#include "dump/size_estimate.h"
#include "dump/snapshot.h"
#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace monitor {

Result<qapi::DumpEstimate> qmp_query_dump_estimate(
    Monitor& monitor, const qapi::QueryDumpEstimateArguments& arguments) {
    qapi::DumpGuestMemoryArguments dump;
    dump.format = arguments.format;
    dump.begin = arguments.begin;
    dump.length = arguments.length;
    const dump::Request request = TRY(dump::parse_request(dump));
    vm::Machine& machine = monitor.services.machine;
    TRY(machine.refresh_cpus());
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(machine, request));
    const dump::RamSource pages(snapshot.blocks);
    const dump::SizeEstimate size = TRY(dump::estimate_size(snapshot, request, pages));
    return qapi::DumpEstimate{.bytes = size.bytes,
                              .lowest = size.lowest,
                              .highest = size.highest,
                              .without_holes = size.without_holes};
}

}  // namespace monitor
