# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the documentation in a schema file: comment blocks in QEMU's form, one above each definition.

  ##
  # @dump-cancel:
  #
  # What it does, in paragraphs.
  #
  # @argument: what it means
  #     (a text may go on in further lines)
  #
  # Returns: what comes back
  #
  # Errors:
  #     - when it fails
  #
  # Since: 0.1
  ##

"@NAME:" describes an argument, a member, or a word of an enum. A block whose first line is "= TITLE"
belongs to no definition. check() refuses a definition that lacks any of this.
"""
import dataclasses
import re

SECTIONS = ("Returns", "Errors", "Since")
MEMBER = re.compile(r"@([A-Za-z][A-Za-z0-9_-]*):\s*(.*)")
SECTION = re.compile(rf"({'|'.join(SECTIONS)}):\s*(.*)")


class DocError(Exception):
    """A mistake in the documentation. The message names the definition."""


@dataclasses.dataclass(frozen=True)
class Doc:
    """The parts of a block. Texts keep their lines."""
    name: str
    text: str
    members: dict
    sections: dict


def split(text, path):
    """Separates a schema file into its JSON, line numbers unchanged, and its Docs in their order."""
    json_lines, docs, block = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#"):
            if block is not None:
                raise DocError(f"{path}:{number}: the block of documentation above has no end")
            json_lines.append(line)
            continue
        json_lines.append("")
        if line.strip() != "##":
            if block is not None:
                block.append(line[1:])
        elif block is None:
            block = []
        else:
            docs += parse_block(block, f"{path}:{number}")
            block = None
    if block is not None:
        raise DocError(f"{path}: the last block of documentation has no end")
    return "\n".join(json_lines), docs


def parse_block(lines, place):
    """A list of one Doc, or of none if the block is free text."""
    lines = [line.removeprefix(" ").rstrip() for line in lines]
    if lines and lines[0].startswith("= "):
        return []
    head = MEMBER.fullmatch(lines[0]) if lines else None
    if not head or head[2]:
        raise DocError(f"{place}: a block of documentation begins with '@NAME:'")
    text, members, sections = [], {}, {}
    part = text
    for line in lines[1:]:
        start = MEMBER.fullmatch(line) or SECTION.fullmatch(line)
        if start:
            parts = members if line.startswith("@") else sections
            if start[1] in parts:
                raise DocError(f"{place}: '{start[1]}' is documented twice for '{head[1]}'")
            part = parts[start[1]] = [start[2]]
        else:
            part.append(line)
    return [Doc(head[1], joined(text), joined_values(members), joined_values(sections))]


def joined(lines):
    return "\n".join(line.strip() for line in lines).strip()


def joined_values(parts):
    return {name: joined(lines) for name, lines in parts.items()}


def check(definition):
    """Raises DocError if something about @definition is not documented, or documented but not there."""
    what, doc = f"{definition.kind} '{definition.name}'", definition.doc
    if not doc or not doc.text:
        raise DocError(f"{what} is not documented")
    names = list(definition.words) or [member.name for member in definition.members]
    for name in names:
        if not doc.members.get(name):
            raise DocError(f"{what}: '{name}' is not documented")
    for name in doc.members:
        if name not in names:
            raise DocError(f"{what}: '{name}' is documented and does not exist")
    wanted = {"Since"}
    if definition.kind == "command":
        wanted |= {"Errors", "Returns"} if definition.returns else {"Errors"}
    for section in SECTIONS:
        if section in wanted and not doc.sections.get(section):
            raise DocError(f"{what}: '{section}:' is missing")
        if section not in wanted and section in doc.sections:
            raise DocError(f"{what}: '{section}:' has no meaning here")
