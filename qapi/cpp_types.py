# SPDX-License-Identifier: GPL-2.0-or-later
"""types.h and types.cc: the schema's types as plain structs and enums, without JSON."""
from cpp_names import NOTICE, camel_case, doc_comment, identifier, member_type, snake_case

HEADER = """
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guestdump::qapi {{

/// A value of any type. Only its presence is checked: no command here reads it.
struct Any {{
    bool operator==(const Any&) const = default;
}};

/// A number of 64 bits that is a hexadecimal string in JSON.
struct Hex {{
    Hex() = default;
    Hex(uint64_t number) : value(number) {{}}
    operator uint64_t() const {{ return value; }}

    uint64_t value = 0;
}};

/// Numbers by name, in order: an object of hexadecimal strings in JSON.
struct HexMap {{
    std::vector<std::pair<std::string, uint64_t>> entries{{}};
    bool operator==(const HexMap&) const = default;
}};

{definitions}
}}  // namespace guestdump::qapi
"""
SOURCE = """
#include "qapi/types.h"

#include <array>
#include <cstddef>
#include <span>

namespace guestdump::qapi {{
namespace {{

/// The enumerator with the position of @word in @words. Empty if @word is not one of them.
template <class Enum>
std::optional<Enum> find_word(std::span<const std::string_view> words, std::string_view word) {{
    for (size_t i = 0; i < words.size(); ++i) {{
        if (words[i] == word) return static_cast<Enum>(i);
    }}
    return std::nullopt;
}}

{tables}
}}  // namespace

{functions}
}}  // namespace guestdump::qapi
"""


def generate(schema):
    definitions = [enum_text(enum) for enum in schema.enums]
    definitions += [struct_text(struct.name, struct) for struct in schema.structs]
    definitions += [struct_text(camel_case(command.name) + "Arguments", command)
                    for command in schema.commands if command.members]
    definitions += [struct_text(camel_case(event.name) + "Event", event, event_name(event))
                    for event in schema.events]
    tables = [word_table(enum) for enum in schema.enums]
    functions = [word_functions(enum) for enum in schema.enums]
    return (NOTICE + HEADER.format(definitions="\n".join(definitions)),
            NOTICE + SOURCE.format(tables="\n".join(tables), functions="\n".join(functions)))


def enum_text(enum):
    enumerators = "".join(f"{member_comment(enum, word)}    {identifier(word)},\n" for word in enum.words)
    return (f"{doc_comment(enum.doc.text)}enum class {enum.name} {{\n{enumerators}}};\n"
            f"/// The schema's word for @value.\n"
            f"std::string_view to_string({enum.name} value);\n"
            f"/// Empty if the schema does not have @word.\n"
            f"std::optional<{enum.name}> parse_{snake_case(enum.name)}(std::string_view word);\n")


def struct_text(name, definition, head=""):
    members = "".join(f"{member_comment(definition, member.name)}"
                      f"    {member_type(member)} {identifier(member.name)}{{}};\n"
                      for member in definition.members)
    return (f"{doc_comment(definition.doc.text)}struct {name} {{\n{head}{members}"
            f"    bool operator==(const {name}&) const = default;\n}};\n")


def member_comment(definition, name):
    return doc_comment(definition.doc.members[name], "    ")


def event_name(event):
    return f'    static constexpr std::string_view kName = "{event.name}";\n'


def word_table(enum):
    words = "".join(f'    "{word}",\n' for word in enum.words)
    return f"constexpr auto k{enum.name}Words = std::to_array<std::string_view>({{\n{words}}});\n"


def word_functions(enum):
    table = f"k{enum.name}Words"
    return (f"std::string_view to_string({enum.name} value) {{\n"
            f"    return {table}[static_cast<size_t>(value)];\n}}\n\n"
            f"std::optional<{enum.name}> parse_{snake_case(enum.name)}(std::string_view word) {{\n"
            f"    return find_word<{enum.name}>({table}, word);\n}}\n")
