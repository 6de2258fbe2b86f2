# SPDX-License-Identifier: GPL-2.0-or-later
"""The C++ names of the schema's names and types."""
import re

from schema import BUILTIN

# Keywords of C++20 that may occur as words in a schema.
KEYWORDS = {
    "auto", "bool", "break", "case", "char", "class", "const", "continue", "default", "delete", "do", "double",
    "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline",
    "int", "long", "mutable", "namespace", "new", "operator", "private", "protected", "public", "register",
    "requires", "return", "short", "signed", "static", "struct", "switch", "template", "this", "throw", "true",
    "try", "typedef", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "while",
}
NOTICE = "// SPDX-License-Identifier: GPL-2.0-or-later\n// Generated from qapi/*.json; changes belong there.\n"


def identifier(word):
    """kdump-raw-zlib -> kdump_raw_zlib"""
    name = word.replace("-", "_")
    return name + "_" if name in KEYWORDS else name


def camel_case(name):
    """dump-guest-memory and DUMP_COMPLETED -> DumpGuestMemory and DumpCompleted"""
    return "".join(part.capitalize() for part in re.split("[-_]", name))


def snake_case(name):
    """DumpStatus -> dump_status, QMPCapability -> qmp_capability"""
    return re.sub("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def type_name(type_):
    element = BUILTIN.get(type_.name, type_.name)
    return f"std::vector<{element}>" if type_.is_array else element


def member_type(member):
    name = type_name(member.type)
    return f"std::optional<{name}>" if member.optional else name


def doc_comment(text, indent=""):
    """A text of the schema's documentation as a C++ comment. Empty lines stay."""
    return "".join(f"{indent}/// {line}".rstrip() + "\n" for line in text.splitlines())
