#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that no header leans on what others happen to include: check_headers.py SOURCE_ROOT BUILD_ROOT.

x.cc must include its x.h before anything else, so a build without precompiled headers proves x.h. (With them
check_includes.py still sees what of the standard library x.h lacks.) Headers without a source of their own are compiled
alone here, with the flags of their folder's library.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

FOLDERS = ["util", "format", "qapi", "guest", "linux", "target-i386", "dump", "vmcore", "api", "view", "qmp", "vm", "monitor", "tools", "tests/support"]


INCLUDE = re.compile(r'^#include ["<]([^">]+)[">]', re.MULTILINE)


def flags_by_folder(build):
    """Folder of a meson.build -> (compiler, -I, -D, -std and -isystem flags) of its first target."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        if entry["output"].endswith((".cc.o", ".cpp.o")):
            # The object is FOLDER/TARGET.p/SOURCE.o.
            folder = pathlib.Path(entry["output"].split(".p/")[0]).parent
            keep = [word for word in words if word.startswith(("-I", "-D", "-std", "-isystem", "-pthread"))]
            compiler = next(word for word in words if "++" in word or word.endswith("cc"))
            found.setdefault(folder, [compiler, *keep])
    return found


def flags_for(header, root, flags):
    """Those of the nearest folder above @header that has a target; format/ has none, and gets those of util/."""
    above = header.relative_to(root).parents
    return next((flags[folder] for folder in above if folder in flags), flags[pathlib.Path("util")])


def first_include_faults(headers, root):
    for header in headers:
        source = header.with_suffix(".cc")
        first = INCLUDE.search(source.read_text()) if source.exists() else None
        if source.exists() and (not first or first.group(1) != str(header.relative_to(root))):
            yield "%s does not include its own header first\n" % source.relative_to(root)


def compile_alone(header, command, build):
    done = subprocess.run([*command, "-x", "c++", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-fsyntax-only",
                           str(header)], cwd=build, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def main(root, build):
    flags = flags_by_folder(build)
    headers = [file for folder in FOLDERS for file in sorted((root / folder).rglob("*.h"))]
    lone = [header for header in headers if not header.with_suffix(".cc").exists()]
    faults = list(first_include_faults(headers, root))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults += pool.map(lambda h: compile_alone(h, flags_for(h, root, flags), build), lone)
    told = "%d headers come first in their sources, %d compile alone" % (len(headers) - len(lone), len(lone))
    print("".join(faults) or told)
    return any(faults)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
