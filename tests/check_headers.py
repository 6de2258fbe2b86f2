#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles every header alone, so that none leans on what others happen to include: check_headers.py SOURCE_ROOT BUILD_ROOT.

Flags are those of a source of the same folder, from the build's compile_commands.json.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

FOLDERS = ["util", "format", "qapi", "guest", "linux", "target-i386", "dump", "vmcore", "qmp", "vm", "monitor", "tools", "tests/support"]


def flags_by_folder(build):
    """Folder of a source -> (compiler, -I, -D, -std and -isystem flags)."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        source = pathlib.Path(os.path.normpath(build / entry["file"]))
        keep = [word for word in words if word.startswith(("-I", "-D", "-std", "-isystem", "-pthread"))]
        found.setdefault(source.parent, [next(w for w in words if "++" in w or w.endswith("cc")), *keep])
    return found


def compile_alone(header, command, build):
    done = subprocess.run([*command, "-x", "c++", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-fsyntax-only",
                           str(header)], cwd=build, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def main(root, build):
    flags = flags_by_folder(build)
    some = flags[root / "util"]
    headers = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.h"))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(pool.map(lambda h: compile_alone(h, flags.get(h.parent, some), build), headers))
    print("".join(faults) or "%d headers compile alone" % len(headers))
    return any(faults)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
