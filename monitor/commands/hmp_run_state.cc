// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands.h"
#include "monitor/hmp/hmp_command.h"

namespace guestdump::monitor {
namespace {

/// Runs the QMP command, which prints nothing.
template <Result<> (*Handler)(Monitor&)>
Result<std::string> silently(Monitor& monitor, const HmpArguments&) {
    TRY(Handler(monitor));
    return std::string();
}

constexpr HmpCommand kCommands[] = {
    {"stop|s", {}, "", "stop emulation", at_once<silently<qmp_stop>>},
    {"cont|c", {}, "", "resume emulation", at_once<silently<qmp_cont>>},
    {"system_reset", {}, "", "reset the system", at_once<silently<qmp_system_reset>>},
    {"quit|q", {}, "", "quit the emulator", at_once<silently<qmp_quit>>},
};

}  // namespace

std::span<const HmpCommand> hmp_run_state_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
