// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/command.h"
#include "monitor/hmp/hmp_arguments.h"

namespace guestdump::monitor {

/// A command for people. The names are QEMU's, because people and scripts know them.
struct HmpCommand {
    std::string_view names;  ///< for example "stop|s" or "info status"
    std::span<const HmpParameter> parameters;
    std::string_view usage;  ///< the parameters, for help
    std::string_view help;
    /// Passes @done the text to show, whose lines end in '\n'. If the command replies late,
    /// @monitor may be gone by then.
    void (*run)(Monitor& monitor, const HmpArguments& arguments,
                const Completion<std::string>& done);
};

/// All commands, grouped by topic.
std::vector<HmpCommand> hmp_commands();

/// The commands of each topic.
std::span<const HmpCommand> hmp_dump_commands();
std::span<const HmpCommand> hmp_help_commands();
std::span<const HmpCommand> hmp_info_commands();
std::span<const HmpCommand> hmp_memory_commands();
std::span<const HmpCommand> hmp_register_commands();
std::span<const HmpCommand> hmp_run_state_commands();

/// Makes a command of a handler that replies at once.
template <Result<std::string> (*Handler)(Monitor&, const HmpArguments&)>
void at_once(Monitor& monitor, const HmpArguments& arguments, const Completion<std::string>& done) {
    done(Handler(monitor, arguments));
}

/// Finds a command by any of its names, which for info commands are two words ("info status").
/// Empty if there is no such command.
std::optional<HmpCommand> find_hmp_command(std::string_view name);

/// For example "stop|s  -- stop emulation".
std::string help_line(const HmpCommand& command);

/// Runs one line. @done gets all text to show, errors included. Each line of it ends in "\r\n".
void run_hmp_line(Monitor& monitor, std::string_view line,
                  const std::function<void(std::string output)>& done);

}  // namespace guestdump::monitor
