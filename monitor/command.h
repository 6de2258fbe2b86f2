// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "qapi/json.h"
#include "util/result.h"

namespace guestdump::monitor {

using qapi::Json;

struct Monitor;

/// Receives the result of a command. Must be called once, at once or later.
template <class T = void>
using Completion = std::function<void(Result<T>)>;

/// A QMP command. The table is in the generated monitor/commands.cc.
struct Command {
    std::string_view name;
    bool allow_oob = false;        ///< exec-oob may run it while other commands of the client wait
    bool allow_preconfig = false;  ///< may run before the machine is built
    /// Checks @arguments, a JSON object, and calls the handler.
    void (*invoke)(Monitor& monitor, json_object* arguments, const Completion<Json>& done);
};

/// All commands, sorted by name.
std::span<const Command> commands();

/// nullptr if there is no command of this name.
const Command* find_command(std::string_view name);

}  // namespace guestdump::monitor
