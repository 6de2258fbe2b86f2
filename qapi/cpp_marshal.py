# SPDX-License-Identifier: GPL-2.0-or-later
"""marshal.h and marshal.cc: to_json and from_json for the types in types.h."""
from cpp_names import NOTICE, camel_case, identifier, snake_case

HEADER = """
#pragma once

#include <string>

#include "qapi/types.h"
#include "qapi/visit.h"

namespace guestdump::qapi {{

{declarations}
}}  // namespace guestdump::qapi
"""
SOURCE = """
#include "qapi/marshal.h"

namespace guestdump::qapi {{

{definitions}
}}  // namespace guestdump::qapi
"""


def generate(schema):
    structs = [(struct.name, struct.members) for struct in schema.structs]
    structs += [(camel_case(command.name) + "Arguments", command.members)
                for command in schema.commands if command.members]
    structs += [(camel_case(event.name) + "Event", event.members) for event in schema.events]
    declarations = [declare(enum.name, enum.name) for enum in schema.enums]
    declarations += [declare(name, f"const {name}&") for name, _ in structs]
    definitions = [enum_functions(enum.name) for enum in schema.enums]
    definitions += [struct_functions(name, members) for name, members in structs]
    return (NOTICE + HEADER.format(declarations="\n".join(declarations)),
            NOTICE + SOURCE.format(definitions="\n".join(definitions)))


def declare(name, argument):
    return (f"Json to_json({argument} value);\n"
            f"Result<> from_json(json_object* json, const std::string& name, {name}& out);\n")


def enum_functions(name):
    return (f"Json to_json({name} value) {{\n"
            f"    return to_json(to_string(value));\n}}\n\n"
            f"Result<> from_json(json_object* json, const std::string& name, {name}& out) {{\n"
            f"    std::string word;\n"
            f"    TRY(from_json(json, name, word));\n"
            f"    const auto value = parse_{snake_case(name)}(word);\n"
            f"    if (!value) return unknown_word(name, word);\n"
            f"    out = *value;\n"
            f"    return {{}};\n}}\n")


def struct_functions(name, members):
    written = "".join(f'    writer.member("{member.name}", value.{identifier(member.name)});\n'
                      for member in members)
    read = "".join(f'    TRY(reader.member("{member.name}", value.{identifier(member.name)}));\n'
                   for member in members)
    return (f"Json to_json([[maybe_unused]] const {name}& value) {{\n"
            f"    ObjectWriter writer;\n{written}"
            f"    return std::move(writer).take();\n}}\n\n"
            f"Result<> from_json(json_object* json, const std::string& name, {name}& out) {{\n"
            f"    ObjectReader reader = TRY(ObjectReader::open(json, name));\n"
            f"    {name} value;\n{read}"
            f"    TRY(reader.finish());\n"
            f"    out = std::move(value);\n"
            f"    return {{}};\n}}\n")
