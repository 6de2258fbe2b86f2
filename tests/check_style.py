#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reader may expect of every file: check_style.py SOURCE_ROOT.

The licence line first, clang-format's layout, scripts that shellcheck has nothing against. Skipped (77) where one of the
two is not installed.
"""
import pathlib
import re
import shutil
import subprocess
import sys

LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"
WITH_LICENCE = {".cc", ".h", ".c", ".S", ".py", ".sh", ".build"}


def sources(root):
    for file in sorted(root.rglob("*")):
        parts = file.relative_to(root).parts
        if file.is_file() and not parts[0].startswith((".git", "build")) and "__pycache__" not in parts:
            yield file


def without_licence(files, root):
    for file in files:
        if file.suffix in WITH_LICENCE:
            first = file.read_text(errors="replace").split("\n")[:2]
            if not any(LICENCE in line for line in first):
                yield "%s: the licence line is not at the top" % file.relative_to(root)


def suites_not_run(root):
    """A test binary names its suites in its main(); one that it forgot would pass for ever."""
    texts = {file: file.read_text() for file in sorted((root / "tests").rglob("*.cc"))}
    run = {name for text in texts.values() for name in re.findall(r"::(\w+_suite)\(\)[,}]", text)}
    for file, text in texts.items():
        for name in re.findall(r"^Suite\* (\w+_suite)\(\) \{", text, re.MULTILINE):
            if name not in run:
                yield "%s: no test binary runs %s" % (file.relative_to(root), name)


def complaints(command, files):
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)
    return [done.stdout + done.stderr] if done.returncode else []


def main(root):
    formatter, linter = shutil.which("clang-format-14"), shutil.which("shellcheck")
    if not formatter or not linter:
        print("clang-format-14 or shellcheck is not installed")
        return 77
    files = list(sources(root))
    found = list(without_licence(files, root)) + list(suites_not_run(root))
    found += complaints([formatter, "--dry-run", "--ferror-limit=1", "-Werror"], [f for f in files if f.suffix in {".cc", ".h"}])
    found += complaints([linter, "-x", "-P", "SCRIPTDIR"], [f for f in files if f.suffix == ".sh"])
    print("\n".join(found) if found else "%d files are in order" % len(files))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
