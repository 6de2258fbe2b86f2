#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails if TRY() is anything but a statement, a whole right-hand side, or what is returned: check_try.py SOURCE_ROOT.

TRY() returns from the function. gcc 12 and clang 14 do not destroy what the same expression has constructed by then. So nothing of
a statement may stand before TRY( except "return" or what it is assigned to; the code is formatted, so one line at a time tells.
"""
import pathlib
import re
import sys

FOLDERS = ["util", "format", "qapi", "guest", "linux", "target-i386", "dump", "vmcore", "api", "qmp", "vm", "monitor", "tools", "tests"]
# After another statement, a condition, "else", a label or the brace of a block: "return", or something "= ", or nothing.
BEFORE = re.compile(r"\s*(.*[;)] |.* \{ |.*\belse |case .*: )?(return |(?!\.)([^{}(),;]|\([^{}()]*\))*\S [&|+]?= )?")
IN_BRACKETS = re.compile(r"<[^<>]*>|\[[^][]*\]")  # their commas separate no arguments
END_OF_STATEMENT = re.compile(r"([;})]|(?<!=|,|n) \{|:|\belse|\bdo|^|^#.*)$")


def misplaced(text):
    """Numbers of the lines on which a TRY( is one of several parts."""
    lines = [re.sub(r"\s*//.*|\s*\\$", "", line) for line in text.split("\n")]
    for i, line in enumerate(lines):
        for found in re.finditer(r"(?<!define )\bTRY\(", line):
            before, first = line[:found.start()], i
            while lines[first - 1].endswith(" =") and first > 0:
                first -= 1
                before = lines[first] + " " + before.lstrip()
            while IN_BRACKETS.search(before):
                before = IN_BRACKETS.sub("_", before)
            if not BEFORE.fullmatch(before) or not END_OF_STATEMENT.search(lines[first - 1]):
                yield i + 1


def main(root):
    found = []
    for file in sorted(file for folder in FOLDERS for file in (root / folder).rglob("*") if file.suffix in {".h", ".cc"}):
        found += ["%s:%d: TRY() is one of several parts" % (file.relative_to(root), line) for line in misplaced(file.read_text())]
    print("\n".join(found) or "every TRY() stands alone")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
