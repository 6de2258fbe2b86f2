#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints what ninja must build for the tests of some suites: suite_targets.py BUILD SUITE..."""
import json
import os
import subprocess
import sys


def main(build, suites):
    told = json.loads(subprocess.check_output(["meson", "introspect", "--tests", "--targets", build]))
    wanted = set()
    for test in told["tests"]:
        if {name.split(":")[-1] for name in test["suite"]} & set(suites):
            wanted.update(test["depends"])
    for target in told["targets"]:
        if target["id"] in wanted:
            print(os.path.relpath(target["filename"][0], build))


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])
