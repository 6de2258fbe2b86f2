#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What libguestdump exports and uses: symbols_test.py SOURCE_ROOT LIBRARY NEXT_LIBRARY.

api/symbols/VERSION lists what the version exports; symbols_test.py --write LIBRARY prints such a list. NEXT_LIBRARY stands
for a later version, with a function more.
"""
import pathlib
import re
import subprocess
import sys
import unittest

# What the process that uses the library decides by itself.
NEVER = set("exit _exit _Exit quick_exit atexit signal sigaction sigprocmask pthread_kill raise kill setrlimit prctl "
            "mallopt malloc_trim setenv putenv unsetenv setlocale fork execve system dup2 chdir umask "
            "printf puts putchar fputs fputc vprintf perror fprintf vfprintf fwrite __printf_chk __fprintf_chk __vfprintf_chk "
            "stdout stderr syslog _ZSt4cout _ZSt4cerr _ZSt4clog".split())


def nm(library, *options):
    return subprocess.run(["nm", "--dynamic", *options, str(library)], capture_output=True, text=True, check=True).stdout


def exported(library):
    """Lines "NODE NAME", sorted. Functions that the compiler makes several of (constructors) have one line."""
    lines = set()
    for line in nm(library, "--defined-only", "--demangle").splitlines():
        kind, name = line[17:18], line[19:]
        if kind != "A":
            name, _, node = name.rpartition("@@") if "@@" in name else (name, "", "(none)")
            lines.add("%s %s" % (node, name))
    return sorted(lines)


def used(library):
    return {line.split()[-1].split("@")[0] for line in nm(library, "--undefined-only").splitlines()}


def number(version):
    return tuple(int(part) for part in version.split("."))


class Symbols(unittest.TestCase):
    maxDiff = None

    def lists(self):
        """Version -> symbols, oldest first."""
        files = (ROOT / "api" / "symbols").iterdir()
        return {file.name: file.read_text().splitlines() for file in sorted(files, key=lambda file: number(file.name))}

    def missing(self, old, library):
        """What a program built with @old may need and @library lacks. C++ programs are compiled again for a new version."""
        there = set(exported(library))
        return [line for line in old if line.startswith("GUESTDUMP_1") and line not in there]

    def test_library_exports_what_the_list_of_its_version_says(self):
        version, = re.findall(r"^  version: '(.*)',$", (ROOT / "meson.build").read_text(), re.M)
        self.assertIn(version, self.lists())
        self.assertEqual(exported(LIBRARY), self.lists()[version])

    def test_nothing_of_an_older_version_is_missing(self):
        for version, old in self.lists().items():
            self.assertEqual(self.missing(old, LIBRARY), [], version)

    def test_later_version_has_all_of_this_one_and_a_missing_function_is_noticed(self):
        self.assertEqual(self.missing(exported(LIBRARY), NEXT), [])
        self.assertEqual(self.missing(exported(NEXT), LIBRARY), ["GUESTDUMP_1.1 guestdump_added"])

    def test_every_function_of_the_c_header_is_exported_and_no_other(self):
        header = (ROOT / "api" / "guestdump.h").read_text()
        declared = re.findall(r"^(?!typedef)[a-z][\w *]*[ *](guestdump_\w+)\(", header, re.M)
        self.assertEqual(sorted(declared), [line.split()[1] for line in exported(LIBRARY) if "CXX" not in line])

    def test_every_exported_name_is_the_library_s(self):
        for line in exported(LIBRARY):
            self.assertRegex(line, r"^(GUESTDUMP_1\.0 guestdump_\w+|GUESTDUMP_CXX_1\.0 guestdump::\w+::.*)$")
            self.assertNotRegex(line, r"qapi|anonymous|json")

    def test_library_calls_nothing_that_is_the_program_s(self):
        self.assertEqual(used(LIBRARY) & NEVER, set())

    def test_library_needs_neither_glib_nor_json_c(self):
        needed = subprocess.run(["readelf", "-d", str(LIBRARY)], capture_output=True, text=True, check=True).stdout
        self.assertIn("Library soname: [libguestdump.so.1]", needed)
        self.assertNotRegex(needed, r"libg(lib|io|object)|json-c|libvirt|seccomp|libedit")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        print("\n".join(exported(sys.argv[2])))
    else:
        NEXT, LIBRARY, ROOT = (pathlib.Path(sys.argv.pop()).resolve() for _ in range(3))
        unittest.main(verbosity=2)
