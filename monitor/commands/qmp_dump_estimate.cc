// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/arguments.h"
#include "dump/estimate/estimate_report.h"
#include "dump/estimate/size_estimate.h"
#include "monitor/commands.h"
#include "monitor/commands/inspect.h"

namespace guestdump::monitor {
namespace {

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
    dump.exclude = arguments.exclude;
    const dump::Request request = TRY(dump::parse_request(dump));
    if (cannot_be_dumped(monitor.services.machine)) {
        done(qapi::DumpEstimate{});
        return {};
    }
    return inspect<dump::SizeEstimate>(
        monitor,
        [request](const dump::Capture& capture, const util::Cancellation& cancellation) {
            return dump::estimate_size(capture, request, cancellation);
        },
        [done](Result<dump::SizeEstimate> size) {
            if (!size) return done(std::move(size).take_error());
            done(dump::to_report(*size));
        });
}

}  // namespace

void qmp_query_dump_estimate(Monitor& monitor, const qapi::QueryDumpEstimateArguments& arguments,
                             Completion<qapi::DumpEstimate> done) {
    Result<> begun = estimate(monitor, arguments, done);
    if (!begun) done(std::move(begun).take_error());
}

}  // namespace guestdump::monitor
