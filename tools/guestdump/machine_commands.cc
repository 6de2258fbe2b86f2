// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <cstdio>

#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/remote_dump.h"
#include "tools/progress_text.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using qapi::Json;

Result<std::unique_ptr<qmp::QmpClient>> open_machine(int argc, char** argv) {
    OptionText qmp;
    const GOptionEntry entries[] = {
        {"qmp", 0, 0, G_OPTION_ARG_STRING, qmp.address(),
         "path of the QMP socket (default: $GUESTDUMP_QMP)", "SOCKET"},
        {},
    };
    TRY(parse_command_line(argc, argv, "", 0, entries));
    const std::string socket = TRY(parse_socket(qmp));
    return qmp::QmpClient::connect(socket);
}

/// A command that takes nothing and says nothing.
Result<int> tell(int argc, char** argv, const char* command) {
    const auto machine = TRY(open_machine(argc, argv));
    TRY(machine->execute(command));
    return 0;
}

/// The text of one member of what @command returns; empty where there is none.
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

}  // namespace

Result<int> status_command(int argc, char** argv) {
    const auto machine = TRY(open_machine(argc, argv));
    const std::string name = TRY(ask(*machine, "query-name", "name"));
    const std::string guest = TRY(ask(*machine, "query-status", "status"));
    const qapi::DumpQueryResult dump = TRY(query_dump(*machine));
    if (!name.empty()) std::printf("name:   %s\n", util::printable(name).c_str());
    std::printf("guest:  %s\n", util::printable(guest).c_str());
    std::printf("dump:   %s\n", dump_text(dump).c_str());
    return 0;
}

Result<int> stop_command(int argc, char** argv) {
    return tell(argc, argv, "stop");
}

Result<int> cont_command(int argc, char** argv) {
    return tell(argc, argv, "cont");
}

}  // namespace guestdump::tools
