#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Generates C++ from the schema: generate.py KIND OUT.h OUT.cc SCHEMA...

KIND selects the output: 'types' for plain structs and enums, 'marshal' for their conversion to and from
JSON, 'commands' for the monitor's handlers and the table of them, 'introspect' for the schema itself, as
query-qmp-schema returns it.
"""
import pathlib
import sys

import cpp_commands
import cpp_introspect
import cpp_marshal
import cpp_types
from schema import Schema, SchemaError

KINDS = {
    "commands": cpp_commands.generate,
    "introspect": cpp_introspect.generate,
    "marshal": cpp_marshal.generate,
    "types": cpp_types.generate,
}


def main(kind, header, source, *schema_paths):
    try:
        texts = KINDS[kind](Schema(schema_paths))
    except SchemaError as error:
        sys.exit(f"schema: {error}")
    for path, text in zip((header, source), texts, strict=True):
        pathlib.Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
