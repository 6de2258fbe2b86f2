// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_command.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "monitor/commands/guest_memory.h"
#include "monitor/commands/register_text.h"
#include "monitor/monitor.h"
#include "util/text.h"

namespace guestdump::monitor {
namespace {

/// Replaces each "\n" by "\r\n", which terminals need.
std::string with_carriage_returns(std::string_view text) {
    std::string ended;
    for (const char c : text) {
        if (c == '\n') ended += '\r';
        ended += c;
    }
    return ended;
}

bool has_name(const HmpCommand& command, std::string_view name) {
    std::string_view names = command.names;
    while (!names.empty()) {
        const std::string_view one = names.substr(0, names.find('|'));
        if (one == name) return true;
        names.remove_prefix(std::min(names.size(), one.size() + 1));
    }
    return false;
}

/// Removes the command's name from the beginning of @line: "xp" from "xp/4xb 0".
std::string take_name(std::string_view& line) {
    skip_space(line);
    const auto end =
        std::ranges::find_if(line, [](unsigned char c) { return std::isspace(c) || c == '/'; });
    std::string name(line.begin(), end);
    line.remove_prefix(name.size());
    return name;
}

/// Removes the name from @line. For info the name is two words.
std::string take_full_name(std::string_view& line) {
    std::string name = take_name(line);
    if (name != "info") return name;
    const std::string thing = take_name(line);
    if (!thing.empty()) name.append(" ").append(thing);
    return name;
}

/// True if the command works while the machine waits for x-exit-preconfig.
bool available_in_preconfig(std::string_view name) {
    return name == "help" || name == "quit" || name == "q" || name == "info version" ||
           name == "info status";
}

/// Reads the registers of @monitor's vCPU, for expressions.
RegisterReader register_reader(Monitor& monitor) {
    return [&monitor](std::string_view name) -> Result<uint64_t> {
        const target_i386::Registers registers =
            TRY(registers_of(monitor.services.machine, monitor.cpu));
        const std::optional<uint64_t> value = register_value(registers, name);
        if (!value) return Error::make("unknown register");
        return *value;
    };
}

}  // namespace

std::vector<HmpCommand> hmp_commands() {
    std::vector<HmpCommand> all;
    for (const auto topic : {hmp_help_commands(), hmp_run_state_commands(), hmp_dump_commands(),
                             hmp_memory_commands(), hmp_register_commands(), hmp_info_commands()}) {
        all.insert(all.end(), topic.begin(), topic.end());
    }
    return all;
}

std::optional<HmpCommand> find_hmp_command(std::string_view name) {
    for (const HmpCommand& command : hmp_commands()) {
        if (has_name(command, name)) return command;
    }
    return std::nullopt;
}

std::string help_line(const HmpCommand& command) {
    return std::string(command.names) + " " + std::string(command.usage) + " -- " +
           std::string(command.help) + "\n";
}

void run_hmp_line(Monitor& monitor, std::string_view line,
                  const std::function<void(std::string output)>& done) {
    const std::string name = take_full_name(line);
    if (name.empty()) return done("");
    const std::optional<HmpCommand> command = find_hmp_command(name);
    if (!command) return done(util::text("unknown command: '%s'\r\n", name.c_str()));
    if (monitor.services.preconfig && !available_in_preconfig(name)) {
        return done(
            util::text("Command '%s' not available with -preconfig until after machine "
                       "initialization.\r\n",
                       name.c_str()));
    }
    const auto arguments =
        HmpArguments::parse(command->names, line, command->parameters, register_reader(monitor));
    if (!arguments) {
        return done(util::text("%s\r\nTry \"help %s\" for more information\r\n",
                               arguments.error().message().c_str(), name.c_str()));
    }
    command->run(monitor, *arguments, [done](const Result<std::string>& said) {
        const std::string text =
            said ? *said : util::text("Error: %s\n", said.error().message().c_str());
        done(with_carriage_returns(text));
    });
}

}  // namespace guestdump::monitor
