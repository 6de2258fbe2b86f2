#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles precompiled.h of a build, unless that was done since it last changed: precompile.py BUILD.

Every C++ source of the build includes it; clang then uses precompiled.h.pch in its place, and g++ precompiled.h.gch."""
import json
import os
import re
import shlex
import subprocess
import sys

GENERATED = ["qapi/types.h"]  # headers that the build must make before


def up_to_date(pch, dependencies):
    """Whether @pch is younger than all files that the make rule in the file @dependencies names."""
    try:
        made = os.stat(pch).st_mtime
        with open(dependencies) as file:
            names = re.sub(r"\\\n", " ", file.read()).split(":", 1)[1].split()
        return all(os.stat(os.path.join(os.path.dirname(pch), name)).st_mtime < made for name in names)
    except FileNotFoundError:
        return False


def main(build):
    subprocess.run(["ninja", "--quiet", "-C", build, *GENERATED], check=True)
    header = os.path.join(build, "precompiled.h")
    with open(os.path.join(build, "compile_commands.json")) as file:
        commands = json.load(file)
    command = next(shlex.split(entry["command"]) for entry in commands if entry["file"].endswith("/util/error.cc"))
    at = command.index("-include")
    del command[at:at + 2]
    flags = command[:command.index("-MD")]  # what follows are dependencies, object, source
    is_clang = any("clang" in word for word in command[:2])  # the first word may be ccache
    pch, dependencies = header + (".pch" if is_clang else ".gch"), header + ".d"
    if up_to_date(pch, dependencies):
        return
    if is_clang:
        # Templates that the headers use are instantiated here once, and not in each source.
        flags.append("-fpch-instantiate-templates")
    subprocess.run([*flags, "-MD", "-MF", dependencies, "-x", "c++-header", header, "-o", pch],
                   cwd=build, check=True)


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
