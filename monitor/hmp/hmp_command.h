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

/// A command for people. The names are those of QEMU, so that hands and scripts know them.
struct HmpCommand {
    std::string_view names;  ///< "stop|s"; of info's, "info status"
    std::span<const HmpParameter> parameters;
    std::string_view usage;  ///< of the parameters
    std::string_view help;
    /// What it has to say ends in '\n'. @monitor is gone when it replies late.
    void (*run)(Monitor& monitor, const HmpArguments& arguments,
                const Completion<std::string>& done);
};

/// All commands, a topic's together.
std::vector<HmpCommand> hmp_commands();

/// The topics.
std::span<const HmpCommand> hmp_dump_commands();
std::span<const HmpCommand> hmp_help_commands();
std::span<const HmpCommand> hmp_info_commands();
std::span<const HmpCommand> hmp_memory_commands();
std::span<const HmpCommand> hmp_register_commands();
std::span<const HmpCommand> hmp_run_state_commands();

/// For a handler that replies at once.
template <Result<std::string> (*Handler)(Monitor&, const HmpArguments&)>
void at_once(Monitor& monitor, const HmpArguments& arguments, const Completion<std::string>& done) {
    done(Handler(monitor, arguments));
}

/// By any of its names; "info status" by both words. Empty where there is none.
std::optional<HmpCommand> find_hmp_command(std::string_view name);

/// "stop|s  -- stop emulation"
std::string help_line(const HmpCommand& command);

/// Runs one line. @done gets all that is to be shown, errors included, each line ended by "\r\n".
void run_hmp_line(Monitor& monitor, std::string_view line,
                  const std::function<void(std::string output)>& done);

}  // namespace guestdump::monitor
