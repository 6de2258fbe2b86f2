#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails where TRY() is one of several parts of an initialiser, or of several arguments: check_try.py SOURCE_ROOT.

TRY() returns from the function. What a braced initialiser has made of an object by then is not destroyed, by gcc 12 and clang
14 at least, and what new has allocated is not freed.
"""
import pathlib
import re
import sys

FOLDERS = ["util", "format", "qapi", "guest", "linux", "target-i386", "dump", "vmcore", "qmp", "vm", "monitor", "tools", "tests"]
# Comments, strings and characters.
NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\[^\n']*.|[^'\\\n])'""", re.S)
# What stands before a brace that begins a block, and no initialiser. clang-format puts a space between them, and none before an
# initialiser's; the latter two only where a statement can stand.
FUNCTION = re.compile(r"[])]((\s+(const|mutable|noexcept|override|final|&&?))*(\s+->\s[^;{}=]+)?)\s+$")
STATEMENT = re.compile(r"((^|[};:{])\s*|\b(else|do)\s+|\brequires\s[^;{}=]*\s)$")
DEFINITION = re.compile(r"\b(namespace|struct|class|enum|union|extern)\b[^;{}=]*\s$")
NEW = re.compile(r"\bnew\s+[\w:<>, ]+$")
CLOSING = {"(": ")", "[": "]", "{": "}"}


def within(text, opening):
    """What stands at the level of the bracket at @opening, up to where it is closed."""
    depth, own = 0, []
    for character in text[opening:]:
        depth += (character in CLOSING) - (character in CLOSING.values())
        if depth == 0:
            break
        if depth == 1:
            own.append(character)
    return "".join(own)


def misplaced(text):
    """Offsets of each TRY( that has neighbours within an initialiser or among arguments."""
    text = NO_CODE.sub(lambda found: " " * len(found.group()), text)
    enclosing = []
    for found in re.finditer(r"(?<=\bTRY)(?=\()|[][(){}]", text):
        at, bracket = found.start(), found.group()
        if not bracket:
            for opening, is_block in reversed(enclosing):
                if is_block:
                    break
                if text[opening] == "{" or "," in within(text, opening) or NEW.search(text[:opening]):
                    yield at
                    break
        elif bracket in CLOSING:
            before, in_block = text[max(0, at - 2000):at], not enclosing or enclosing[-1][1]
            begins_block = FUNCTION.search(before) or in_block and (STATEMENT.search(before) or DEFINITION.search(before))
            enclosing.append((at, bracket == "{" and bool(begins_block)))
        elif enclosing:
            enclosing.pop()


def main(root):
    count, found = 0, []
    for file in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*") if file.suffix in {".h", ".cc"}):
        text = file.read_text()
        count += len(re.findall(r"\bTRY\(", text))
        found += ["%s:%d: TRY() among other parts" % (file.relative_to(root), text.count("\n", 0, at) + 1) for at in misplaced(text)]
    print("\n".join(found) if found else "%d TRY() stand alone" % count)
    return bool(found) or count == 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
