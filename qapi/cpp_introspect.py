# SPDX-License-Identifier: GPL-2.0-or-later
"""introspect.h and introspect.cc: the schema in QEMU's SchemaInfo, for query-qmp-schema.

All integers have the type "int" there, and hexadecimal strings "str". Types keep their names, but clients may use these only as labels.
"""
import json

from cpp_names import NOTICE
from schema import BUILTIN, Type

HEADER = """
#pragma once

#include <string_view>

namespace guestdump::qapi {{

/// A JSON array of SchemaInfo. [qemu qapi/introspect.json]
std::string_view introspection();

}}  // namespace guestdump::qapi
"""
SOURCE = """
#include "qapi/introspect.h"

namespace guestdump::qapi {{

std::string_view introspection() {{
    return
{lines};
}}

}}  // namespace guestdump::qapi
"""
JSON_TYPES = {"str": "string", "bool": "boolean", "number": "number", "any": "value", "int": "int"}
HEXADECIMAL = {"hex": "str", "hex-map": "any"}
EMPTY = {"name": "q_empty", "meta-type": "object", "members": []}


def generate(schema):
    infos = [json.dumps(info) for info in schema_infos(schema)]
    lines = [f'        R"json({separator}{text})json"\n' for separator, text in zip(["["] + [", "] * len(infos), infos)]
    lines.append('        "]"')
    return NOTICE + HEADER.format(), NOTICE + SOURCE.format(lines="".join(lines))


def schema_infos(schema):
    infos = [command_info(command) for command in schema.commands]
    infos += [event_info(event) for event in schema.events]
    infos += [arguments_info(definition) for definition in schema.commands + schema.events if definition.members]
    infos += [struct_info(struct.name, struct) for struct in schema.structs]
    infos += [enum_info(enum) for enum in schema.enums]
    infos += [EMPTY]
    infos += [{"name": name, "meta-type": "builtin", "json-type": json_type} for name, json_type in JSON_TYPES.items()]
    return infos + array_infos(schema)


def command_info(command):
    return {"name": command.name, "meta-type": "command", "arg-type": arguments_name(command),
            "ret-type": type_name(command.returns) if command.returns else EMPTY["name"],
            "allow-oob": "allow-oob" in command.flags}


def event_info(event):
    return {"name": event.name, "meta-type": "event", "arg-type": arguments_name(event)}


def arguments_info(definition):
    return struct_info(arguments_name(definition), definition)


def struct_info(name, definition):
    members = []
    for member in definition.members:
        info = {"name": member.name, "type": type_name(member.type)}
        members.append({**info, "default": None} if member.optional else info)
    return {"name": name, "meta-type": "object", "members": members}


def enum_info(enum):
    return {"name": enum.name, "meta-type": "enum", "members": [{"name": word} for word in enum.words],
            "values": list(enum.words)}


def array_infos(schema):
    used = {member.type for definition in schema.definitions for member in definition.members}
    used |= {definition.returns for definition in schema.definitions if definition.returns}
    elements = {type_name(type_): type_name(Type(type_.name)) for type_ in used if type_.is_array}
    return [{"name": name, "meta-type": "array", "element-type": elements[name]} for name in sorted(elements)]


def arguments_name(definition):
    return f"q_obj_{definition.name}-arg" if definition.members else EMPTY["name"]


def type_name(type_):
    name = HEXADECIMAL.get(type_.name, type_.name)
    if name in BUILTIN and name not in JSON_TYPES:
        name = "int"
    return f"[{name}]" if type_.is_array else name
