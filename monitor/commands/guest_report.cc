// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/guest_report.h"

#include "dump/request.h"
#include "monitor/commands.h"
#include "monitor/commands/inspect.h"
#include "view/report_view.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

qapi::GuestReport report_of(const dump::Capture& capture, bool running,
                            const util::Cancellation& cancellation) {
    qapi::GuestReport report = view::report_of({.memory = capture.memory,
                                                .cpus = capture.cpus,
                                                .arch = capture.arch,
                                                .note = capture.note,
                                                .vmcoreinfo = {}},
                                               {.threads = dump::thread_count(0)}, cancellation);
    if (running) {
        report.warnings.push_back(
            "the guest ran while it was looked at: registers and memory are not of one moment");
    }
    return report;
}

}  // namespace

Result<> report_guest(Monitor& monitor, const Completion<qapi::GuestReport>& done) {
    const vm::Machine& machine = monitor.services.machine;
    if (machine.cpu_count() == 0 || machine.blocks().empty()) {
        // As with -machine none: there is nothing to look at.
        done(view::no_report("the machine has no CPU or no memory"));
        return {};
    }
    const bool running = machine.running();
    return inspect<qapi::GuestReport>(
        monitor,
        [running](const dump::Capture& capture,
                  const util::Cancellation& cancellation) -> Result<qapi::GuestReport> {
            qapi::GuestReport report = report_of(capture, running, cancellation);
            TRY(cancellation.check());
            return report;
        },
        done);
}

void qmp_query_guest_report(Monitor& monitor, Completion<qapi::GuestReport> done) {
    Result<> begun = report_guest(monitor, done);
    if (!begun) done(std::move(begun).take_error());
}

}  // namespace guestdump::monitor
