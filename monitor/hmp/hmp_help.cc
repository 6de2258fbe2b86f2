// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_command.h"

namespace guestdump::monitor {
namespace {

constexpr std::string_view kInfo = "info ";

bool shows_something(const HmpCommand& command) {
    return command.names.starts_with(kInfo);
}

std::string all_help(bool of_info) {
    std::string text;
    for (const HmpCommand& command : hmp_commands()) {
        if (shows_something(command) == of_info) text += help_line(command);
    }
    return text;
}

Result<std::string> help(Monitor&, const HmpArguments& arguments) {
    const std::string name = arguments.text("name").value_or("");
    if (name.empty()) return all_help(false);
    if (name == "info") return all_help(true);
    const std::optional<HmpCommand> command = find_hmp_command(name);
    if (!command) return "unknown command: '" + name + "'\n";
    return help_line(*command);
}

Result<std::string> info(Monitor&, const HmpArguments&) {
    return all_help(true);
}

constexpr HmpParameter kName[] = {{HmpParameter::Kind::rest, "name"}};

constexpr HmpCommand kCommands[] = {
    {"help|?", kName, "[cmd]", "show the help", at_once<help>},
    {"info", {}, "[subcommand]", "show various information about the system state", at_once<info>},
};

}  // namespace

std::span<const HmpCommand> hmp_help_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
