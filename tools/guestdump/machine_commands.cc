// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <cstdio>

#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump/remote_dump.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/machine_options.h"
#include "tools/guestdump/report.h"
#include "tools/progress_text.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using qapi::Json;

/// Parses the command line, with the options @more in addition to those of every machine, and
/// connects.
Result<std::unique_ptr<qmp::QmpClient>> open_machine(int argc, char** argv, const char* what,
                                                     const std::vector<GOptionEntry>& more = {}) {
    MachineOptions options;
    std::vector<GOptionEntry> entries = options.entries();
    entries.insert(entries.end(), more.begin(), more.end());
    entries.push_back({});
    TRY(parse_command_line(argc, argv, {"", what}, 0, entries.data()));
    return options.connect(argv[0]);
}

/// Runs a command that takes no arguments and returns nothing.
Result<int> tell(int argc, char** argv, const char* command, const char* what) {
    const auto machine = TRY(open_machine(argc, argv, what));
    TRY(machine->execute(command));
    return 0;
}

/// Returns the text of one member of the result of @command; empty if the member is missing.
Result<std::string> ask(qmp::QmpClient& machine, const char* command, const char* member) {
    const Json reply = TRY(machine.execute(command));
    auto members = TRY(qapi::ObjectReader::open(reply.get(), command));
    std::optional<std::string> text;
    TRY(members.member(member, text));
    return text.value_or("");
}

std::string dump_text(const qapi::DumpQueryResult& state) {
    std::string text(to_string(state.status));
    if (state.status != qapi::DumpStatus::active) return text;
    return text + ", " +
           progress_words({.completed = state.completed,
                           .total = state.total,
                           .remaining = state.remaining,
                           .committing = state.phase == qapi::DumpPhase::commit});
}

void print(const qapi::MachineReport& report) {
    if (report.name) std::printf("name:   %s\n", util::printable(*report.name).c_str());
    std::printf("guest:  %s\n", util::printable(report.status).c_str());
    std::printf("dump:   %s\n", dump_text(report.dump).c_str());
}

}  // namespace

Result<int> status_command(int argc, char** argv) {
    gboolean json = FALSE;
    const auto machine = TRY(open_machine(
        argc, argv, "Prints what the guest and its latest dump are doing.",
        {{"json", 0, 0, G_OPTION_ARG_NONE, &json, "print one line of JSON", nullptr}}));
    qapi::MachineReport report;
    const std::string name = TRY(ask(*machine, "query-name", "name"));
    if (!name.empty()) report.name = name;
    report.status = TRY(ask(*machine, "query-status", "status"));
    report.dump = TRY(query_dump(*machine));
    if (json) {
        print_json(qapi::to_json(report));
    } else {
        print(report);
    }
    return 0;
}

Result<int> stop_command(int argc, char** argv) {
    return tell(argc, argv, "stop", "Stops the guest.");
}

Result<int> cont_command(int argc, char** argv) {
    return tell(argc, argv, "cont", "Resumes the guest.");
}

}  // namespace guestdump::tools
