// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "vm/options/options.h"

/// One function for each option whose argument has its own notation. Errors describe the mistake in
/// the argument; parse_options() adds the option's name.

namespace guestdump::vm {

/// A monitor. Its chardev may come later on the command line.
struct PendingMonitor {
    MonitorOption::Protocol protocol;
    std::string chardev;
};

/// The options read so far, and what is needed to connect them at the end.
struct OptionContext {
    Options options;
    std::map<std::string, MonitorDevice> chardevs;
    std::vector<PendingMonitor> pending_monitors;
};

Result<> parse_machine(OptionContext& context, const std::string& argument);
Result<> parse_accel(OptionContext& context, const std::string& argument);
Result<> parse_memory(OptionContext& context, const std::string& argument);
Result<> parse_smp(OptionContext& context, const std::string& argument);
Result<> parse_object(OptionContext& context, const std::string& argument);
Result<> parse_device(OptionContext& context, const std::string& argument);
Result<> parse_vga(OptionContext& context, const std::string& argument);
Result<> parse_restore(OptionContext& context, const std::string& argument);
Result<> parse_name(OptionContext& context, const std::string& argument);
Result<> parse_sandbox(OptionContext& context, const std::string& argument);

Result<> parse_qmp(OptionContext& context, const std::string& argument);
Result<> parse_hmp(OptionContext& context, const std::string& argument);
Result<> parse_qtest(OptionContext& context, const std::string& argument);
Result<> parse_chardev(OptionContext& context, const std::string& argument);
Result<> parse_mon(OptionContext& context, const std::string& argument);

/// Connects every -mon with its chardev. Errors: there is no chardev of this id.
Result<> connect_monitors(OptionContext& context);

}  // namespace guestdump::vm
