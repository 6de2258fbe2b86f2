// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dump/arguments.h"
#include "dump/dump_state.h"
#include "dump/target/targets.h"
#include "monitor/commands.h"
#include "monitor/monitor.h"

namespace guestdump::monitor {
namespace {

using DumpDone = Completion<>;

constexpr std::string_view kFile = "file:";
constexpr std::string_view kFd = "fd:";

Result<std::unique_ptr<dump::Sink>> open_file(Monitor& monitor, const std::string& path) {
    util::UniqueFd of_set = TRY(monitor.services.fd_sets.open_for_writing(path));
    return of_set ? dump::make_fd_sink(std::move(of_set), path) : dump::open_file_sink(path);
}

Result<std::unique_ptr<dump::Sink>> open_target(Monitor& monitor, const std::string& protocol) {
    if (protocol.starts_with(kFile)) return open_file(monitor, protocol.substr(kFile.size()));
    if (!protocol.starts_with(kFd)) {
        return Error::make("parameter 'protocol' must start with 'file:' or 'fd:'");
    }
    const std::string name = protocol.substr(kFd.size());
    util::UniqueFd fd = TRY(monitor.fds.take(name));
    return dump::make_fd_sink(std::move(fd), name);
}

/// What remains to do when a dump has ended: print warnings, send the event and the reply.
dump::DumpState::Concluded conclude(Services& services, DumpDone done) {
    return [&services, done = std::move(done)](const dump::DumpState::Outcome& outcome) {
        for (const std::string& warning : outcome.warnings) services.warn(warning);
        qapi::DumpCompletedEvent event{.result = outcome.result};
        if (outcome.error) event.error = outcome.error->message();
        if (!outcome.warnings.empty()) event.warnings = outcome.warnings;
        services.events.emit(event);
        if (!done) return;
        done(outcome.error ? Result<>(*outcome.error) : Result<>());
    };
}

/// @done is called when the dump has ended. It may be empty.
Result<> start_dump(Monitor& monitor, const qapi::DumpGuestMemoryArguments& arguments,
                    DumpDone done) {
    Services& services = monitor.services;
    if (services.dump.active()) return Error::make("There is a dump in process, please wait.");
    const dump::Request request = TRY(dump::parse_request(arguments));
    std::unique_ptr<dump::Sink> sink = TRY(open_target(monitor, arguments.protocol));
    return services.dump.start(request, std::move(sink), conclude(services, std::move(done)));
}

}  // namespace

void qmp_dump_guest_memory(Monitor& monitor, const qapi::DumpGuestMemoryArguments& arguments,
                           Completion<> done) {
    const bool detach = arguments.detach.value_or(false);
    Result<> started = start_dump(monitor, arguments, detach ? DumpDone() : done);
    if (!started || detach) done(std::move(started));
}

Result<> qmp_dump_cancel(Monitor& monitor) {
    dump::DumpState& dump = monitor.services.dump;
    if (!dump.active()) return Error::make("There is no dump in process");
    dump.cancel();
    return {};
}

Result<qapi::DumpQueryResult> qmp_query_dump(Monitor& monitor) {
    return monitor.services.dump.query();
}

Result<qapi::DumpGuestMemoryCapability> qmp_query_dump_guest_memory_capability(Monitor&) {
    return qapi::DumpGuestMemoryCapability{.formats = dump::supported_formats()};
}

}  // namespace guestdump::monitor
