#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the list of folders in HACKING.md with the tree: check_folders.py SOURCE_ROOT.

Fails if a folder is not in the list, or if the list names a folder that does not exist. Deeper folders of tests/ than its
direct ones mirror those of the sources and are not listed. Hidden and build folders are ignored.
"""
import pathlib
import re
import sys

SECTION = re.compile(r"^## Folders\n(.*?)^## ", re.MULTILINE | re.DOTALL)
# "* `util/`: what it is"; one item may name several folders.
ITEM = re.compile(r"^ *\* (`[^:]*`):", re.MULTILINE)
NAME = re.compile(r"`([^`]+)/`")
IGNORED = re.compile(r"\.|build(-|$)|__pycache__$")


def listed(text):
    """The names in the list, in its order."""
    section = SECTION.search(text)
    items = ITEM.findall(section[1]) if section else []
    return [name for item in items for name in NAME.findall(item)]


def folders(root):
    """Names of the folders that hold a file, directly or deeper."""
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts[:-1]
        if file.is_file() and parts and not any(IGNORED.match(part) for part in parts):
            depth = min(len(parts), 2) if parts[0] == "tests" else len(parts)
            yield from ("/".join(parts[:count]) for count in range(1, depth + 1))


def faults(root):
    names, there = listed((root / "HACKING.md").read_text()), set(folders(root))
    if not names:
        yield "HACKING.md has no list of folders"
        return
    for name in sorted(there - set(names)):
        yield "%s/ is not in the list of folders in HACKING.md" % name
    for name in sorted(set(names) - there):
        yield "HACKING.md lists %s/, which does not exist" % name
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "HACKING.md lists %s/ twice" % name


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "the list of folders is complete")
    sys.exit(bool(found))
