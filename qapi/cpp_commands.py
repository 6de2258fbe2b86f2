# SPDX-License-Identifier: GPL-2.0-or-later
"""monitor/commands.h and commands.cc: declares a handler for each command and defines the table of commands.

If a handler is missing, the program does not link.
"""
from cpp_names import NOTICE, camel_case, doc_comment, identifier
from schema import BUILTIN

HEADER = """
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "monitor/command.h"
#include "qapi/types.h"

namespace guestdump::monitor {{

{declarations}
}}  // namespace guestdump::monitor
"""
SOURCE = """
#include "monitor/commands.h"

#include <array>

#include "monitor/invoke.h"

namespace guestdump::monitor {{
namespace {{

constexpr auto kCommands = std::to_array<Command>({{
{rows}}});

}}  // namespace

std::span<const Command> commands() {{
    return kCommands;
}}

}}  // namespace guestdump::monitor
"""


def generate(schema):
    return (NOTICE + HEADER.format(declarations="\n".join(map(declare, schema.commands))),
            NOTICE + SOURCE.format(rows="".join(map(row, schema.commands))))


def handler(command):
    return "qmp_" + identifier(command.name)


def declare(command):
    parameters = "Monitor& monitor"
    if command.members:
        parameters += f", const qapi::{camel_case(command.name)}Arguments& arguments"
    result = returned(command)
    if "async" in command.flags:
        declaration = f"void {handler(command)}({parameters}, Completion<{result}> done);\n"
    else:
        declaration = f"Result<{result}> {handler(command)}({parameters});\n"
    return doc_comment(command.doc.text) + declaration


def returned(command):
    if not command.returns:
        return ""
    name = command.returns.name
    if name == "any":
        return "Json"
    element = BUILTIN.get(name) or f"qapi::{name}"
    return f"std::vector<{element}>" if command.returns.is_array else element


def row(command):
    flags = "".join(f"     .{flag.replace('-', '_')} = true,\n"
                    for flag in ("allow-oob", "allow-preconfig") if flag in command.flags)
    return (f'    {{.name = "{command.name}",\n{flags}'
            f"     .invoke = [](Monitor& monitor, json_object* arguments, const Completion<Json>& done) {{\n"
            f"         invoke({handler(command)}, monitor, arguments, done);\n     }}}},\n")
