#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that the files and tests which the documents name exist: check_documents.py SOURCE_ROOT.

A file is named in backticks, by its path in the tree or in tests/, or by its last part alone. A test is named by its
function, which has at least three underscores.
"""
import pathlib
import re
import sys

FILE = re.compile(r"`((?:[\w*.-]+/)*[\w*-]+\.(?:cc?|h|S|py|sh|json|md|ini|txt))`")
TEST = re.compile(r"(?<![\w`/])[a-z]+(?:_[a-z0-9]+){3,}\b(?!\.)")
# What programs print may name functions of others.
OUTPUT = re.compile(r"^```\n.*?^```\n", re.MULTILINE | re.DOTALL)
IGNORED = re.compile(r"\.|build(-|$)|__pycache__$")
# What the documents name that is not a file of the tree.
OTHERS = {"diskdump_mod.h", "commands.h", "monitor/commands.h", "types.h"}  # makedumpfile's; generated


def files(root):
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts
        if file.is_file() and not any(IGNORED.match(part) for part in parts):
            yield file


def faults(root):
    there = set(files(root))
    paths = {str(file.relative_to(root)) for file in there}
    known = paths | {path.removeprefix("tests/") for path in paths} | {file.name for file in there} | OTHERS
    code = "\n".join(file.read_text() for file in there if file.suffix in {".cc", ".py"})
    for document in sorted(file for file in there if file.suffix == ".md"):
        text, name = document.read_text(), document.relative_to(root)
        for found in FILE.findall(text):
            # x.* and */x stand for several, NAME for any.
            if found not in known and "*" not in found and not re.search(r"[A-Z]{3}", found):
                yield "%s names %s, which does not exist" % (name, found)
        for found in TEST.findall(OUTPUT.sub("", text)):
            if found not in code:
                yield "%s names the test %s, which does not exist" % (name, found)


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "what the documents name exists")
    sys.exit(bool(found))
