# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and checks the schema, which has QAPI's keywords in strict JSON.

A file is a list of definitions, each below its documentation (schema_doc.py):
  {"enum": NAME, "data": [WORD...]}
  {"struct": NAME, "data": MEMBERS}
  {"command": NAME, "data": MEMBERS, "returns": TYPE, FLAG: true...}
  {"event": NAME, "data": MEMBERS}
MEMBERS is {NAME: TYPE...} with "*" before an optional name; TYPE is a name, or [name] for an array of it.
The flags of a command:
  allow-oob        may be sent with exec-oob
  allow-preconfig  may be sent before the machine is built
  async            replies later, by a completion
"""
import dataclasses
import json
import re

import schema_doc
from schema_doc import Doc, DocError

BUILTIN = {
    "str": "std::string", "bool": "bool", "number": "double", "int": "int64_t", "size": "uint64_t",
    "any": "Any",  # returned: any JSON; an argument: present, and not read (types.h knows no JSON)
    # Numbers of 64 bits as strings such as "0x1f": many programs round JSON's numbers above 2^53.
    "hex": "Hex", "hex-map": "HexMap",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
FLAGS = ("allow-oob", "allow-preconfig", "async")
ALLOWED = {"enum": {"data"}, "struct": {"data"}, "event": {"data"}, "command": {"data", "returns", *FLAGS}}
NAMES = {"enum": r"[A-Z][A-Za-z0-9]*", "struct": r"[A-Z][A-Za-z0-9]*",
         "command": r"[a-z][a-z0-9_-]*", "event": r"[A-Z][A-Z0-9_]*"}
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class SchemaError(Exception):
    """A mistake in the schema. The message names the definition or the line."""


@dataclasses.dataclass(frozen=True)
class Type:
    name: str
    is_array: bool = False


@dataclasses.dataclass(frozen=True)
class Member:
    name: str
    type: Type
    optional: bool


@dataclasses.dataclass(frozen=True)
class Definition:
    """An enum has words, the other kinds have members. A command may also have a return type and flags."""
    kind: str
    name: str
    doc: Doc | None = None
    words: tuple = ()
    members: tuple = ()
    returns: Type | None = None
    flags: frozenset = frozenset()


class Schema:
    """All definitions of the files at @paths. Names are resolved, and each struct comes after those in it."""

    def __init__(self, paths):
        self.definitions = [definition for path in paths for definition in load(path)]
        self._refuse_repeated_names()
        self.enums = self._of_kind("enum")
        self.structs = self._of_kind("struct")
        self.commands = sorted(self._of_kind("command"), key=lambda command: command.name)
        self.events = self._of_kind("event")
        self._types = {definition.name: definition for definition in self.enums + self.structs}
        self._refuse_unknown_types()
        self.structs = self._contained_first()
        self._refuse_undocumented()

    def is_enum(self, type_):
        return type_.name in self._types and self._types[type_.name].kind == "enum"

    def _of_kind(self, kind):
        return [definition for definition in self.definitions if definition.kind == kind]

    def _refuse_repeated_names(self):
        seen = set()
        for definition in self.definitions:
            if definition.name in seen:
                raise SchemaError(f"'{definition.name}' is defined twice")
            seen.add(definition.name)

    def _refuse_unknown_types(self):
        for definition in self.definitions:
            used = [member.type for member in definition.members]
            used += [definition.returns] if definition.returns else []
            for type_ in used:
                if type_.name == "any" and definition.kind != "command":
                    raise SchemaError(f"{definition.kind} '{definition.name}': only a command can have 'any'")
                if type_.name not in BUILTIN and type_.name not in self._types:
                    raise SchemaError(f"{definition.kind} '{definition.name}': there is no type '{type_.name}'")

    def _refuse_undocumented(self):
        for definition in self.definitions:
            try:
                schema_doc.check(definition)
            except DocError as error:
                raise SchemaError(str(error)) from error

    def _contained_first(self):
        ordered, under_way = [], []

        def visit(struct):
            if struct in ordered:
                return
            if struct in under_way:
                raise SchemaError(f"struct '{struct.name}' contains itself")
            under_way.append(struct)
            for member in struct.members:
                inner = self._types.get(member.type.name)
                if inner and inner.kind == "struct":
                    visit(inner)
            under_way.pop()
            ordered.append(struct)

        for struct in self.structs:
            visit(struct)
        return ordered


def load(path):
    def refuse_repeated_keys(pairs):
        keys = [key for key, _ in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise SchemaError(f"{path}: '{key}' is given twice in one object")
        return dict(pairs)

    try:
        with open(path, encoding="utf-8") as file:
            text, docs = schema_doc.split(file.read(), path)
        entries = json.loads(text, object_pairs_hook=refuse_repeated_keys)
    except json.JSONDecodeError as error:
        raise SchemaError(f"{path}:{error.lineno}: {error.msg}") from error
    except DocError as error:
        raise SchemaError(str(error)) from error
    if not isinstance(entries, list):
        raise SchemaError(f"{path}: a schema file is a list of definitions")
    return documented([define(entry, path) for entry in entries], docs, path)


def documented(definitions, docs, path):
    """@definitions with their documentation. Each block of it must stand above its definition."""
    by_name = {doc.name: doc for doc in docs}
    order = [definition.name for definition in definitions if definition.name in by_name]
    for doc, name in zip(docs, order + [None] * len(docs)):
        if doc.name != name:
            raise SchemaError(f"{path}: the documentation of '{doc.name}' is not above its definition")
    return [dataclasses.replace(definition, doc=by_name.get(definition.name)) for definition in definitions]


def define(entry, path):
    kinds = [kind for kind in ALLOWED if isinstance(entry, dict) and kind in entry]
    if len(kinds) != 1:
        raise SchemaError(f"{path}: {json.dumps(entry)}: a definition has exactly one of {', '.join(ALLOWED)}")
    kind = kinds[0]
    name = entry[kind]
    where = f"{path}: {kind} '{name}'"
    if not isinstance(name, str) or not re.fullmatch(NAMES[kind], name):
        raise SchemaError(f"{where}: not a name for this kind")
    for key in entry:
        if key != kind and key not in ALLOWED[kind]:
            raise SchemaError(f"{where}: '{key}' has no meaning here")
    for flag in FLAGS:
        if entry.get(flag, True) is not True:
            raise SchemaError(f"{where}: '{flag}' can only be true")
    return Definition(
        kind, name,
        words=enum_words(entry.get("data"), where) if kind == "enum" else (),
        members=() if kind == "enum" else struct_members(entry.get("data", {}), where),
        returns=type_of(entry["returns"], where) if "returns" in entry else None,
        flags=frozenset(flag for flag in FLAGS if flag in entry))


def enum_words(data, where):
    if not isinstance(data, list) or not data:
        raise SchemaError(f"{where}: 'data' is a list of at least one word")
    for word in data:
        check_word(word, where)
        if data.count(word) > 1:
            raise SchemaError(f"{where}: '{word}' is there twice")
    return tuple(data)


def struct_members(data, where):
    if not isinstance(data, dict):
        raise SchemaError(f"{where}: 'data' is an object of members")
    members = []
    for key, type_ in data.items():
        name = key.removeprefix("*")
        check_word(name, where)
        if name in [member.name for member in members]:
            raise SchemaError(f"{where}: '{name}' is there twice")
        members.append(Member(name, type_of(type_, f"{where}, member '{name}'"), key != name))
    return tuple(members)


def type_of(value, where):
    if isinstance(value, str):
        return Type(value)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return Type(value[0], is_array=True)
    raise SchemaError(f"{where}: {json.dumps(value)} is not a type: a name or [name]")


def check_word(word, where):
    if not isinstance(word, str) or not WORD.fullmatch(word):
        raise SchemaError(f"{where}: {json.dumps(word)} is not a word")
