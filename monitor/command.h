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

/// Takes what a command came to. To be called once, soon or late.
template <class T = void>
using Completion = std::function<void(Result<T>)>;

/// A QMP command. The generated monitor/commands.cc has the table.
struct Command {
    std::string_view name;
    bool allow_oob = false;        ///< may overtake others of its client, by exec-oob
    bool allow_preconfig = false;  ///< may come before the machine is built
    /// Checks @arguments, an object, and runs the handler.
    void (*invoke)(Monitor& monitor, json_object* arguments, const Completion<Json>& done);
};

/// All commands, sorted by name.
std::span<const Command> commands();

/// nullptr where there is none of that name.
const Command* find_command(std::string_view name);

}  // namespace guestdump::monitor
