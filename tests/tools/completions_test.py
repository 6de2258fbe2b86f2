#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bash, zsh and fish offer the same, and what --help lists: completions_test.py GUESTDUMP GUESTDUMP_VM.

Takes some seconds, because shells start dozens of times.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

VM, GUESTDUMP = (pathlib.Path(sys.argv.pop()).resolve() for _ in range(2))

from completion import Bash, Fish, Zsh  # noqa: E402

FORMATS = ["elf", "kdump-lzo", "kdump-raw-lzo", "kdump-raw-snappy", "kdump-raw-zlib", "kdump-raw-zstd", "kdump-snappy",
           "kdump-zlib", "kdump-zstd", "vbox-core"]
VIRSH = """#!/bin/sh
[ "$*" = "--quiet --connect $WANTED list --name" ] && printf 'web\\nweb-two\\nmail\\n\\n'
"""


def said(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    found = re.findall(r"^  guestdump ([a-z-]+) ", said(GUESTDUMP, "--help"), re.M)
    assert len(found) >= 8, found
    return found


def options(command):
    return sorted(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said(GUESTDUMP, command, "--help"), re.M))


class Completions:
    """The tests of one shell."""

    def setUp(self):
        if not shutil.which(self.SHELL.name):
            self.skipTest("%s is not installed" % self.SHELL.name)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        virsh = self.folder / "virsh"
        virsh.write_text(VIRSH)
        virsh.chmod(0o755)
        self.begin_shell(wanted="qemu:///system")

    def begin_shell(self, wanted):
        """@wanted: the only connection that has domains."""
        environment = {"PATH": ":".join([str(self.folder), str(GUESTDUMP.parent), str(VM.parent), os.environ["PATH"]]),
                       "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "WANTED": wanted}
        self.shell = self.SHELL(environment)
        self.addCleanup(self.shell.close)

    def offers(self, line, folder="/"):
        return self.shell.offers(line, folder)

    def test_commands_are_those_of_help(self):
        self.assertEqual([word for word in self.offers("guestdump ") if not word.startswith("-")], sorted(commands()))
        self.assertEqual(self.offers("guestdump co"), ["compare", "cont", "convert"])
        self.assertEqual(self.offers("guestdump --v"), ["--version"])

    def test_options_of_every_command_are_those_of_help(self):
        for command in commands():
            self.assertEqual(self.offers("guestdump %s --" % command), options(command), command)

    def test_formats_and_other_words_are_values(self):
        for line in "guestdump dump --format ", "guestdump dump --format=", "guestdump convert --format ":
            self.assertEqual(self.offers(line), FORMATS, line)
        self.assertEqual(self.offers("guestdump convert --format=kdump-r"), [word for word in FORMATS if "raw" in word])
        for line, words in [("dump --find-vmcoreinfo ", "always missing never"), ("verify --progress ", "auto json"),
                            ("dump --exclude ", "cache cache-private free user zero"), ("ps --state ", "D I P R S T X Z t"),
                            ("log --level ", "alert crit debug emerg err info notice warn"),
                            ("info --connect ", "qemu:///session qemu:///system")]:
            self.assertEqual(self.offers("guestdump " + line), words.split(), line)

    def test_numbers_are_not_offered(self):
        for line in "dump --threads ", "dump --level ", "dump -d ", "dump --begin ", "bt --cpu ":
            self.assertEqual(self.offers("guestdump " + line, self.folder), [], line)

    def test_files_are_operands_and_sockets(self):
        files = self.folder / "files"
        files.mkdir()
        for name in ("core.a", "core.b", "other"):
            (files / name).touch()
        self.assertEqual(self.offers("guestdump info core", files), ["core.a", "core.b"])
        self.assertEqual(self.offers("guestdump dump --qmp ot", files), ["other"])
        self.assertEqual(self.offers("guestdump-vm -restore core", files), ["core.a", "core.b"])

    def test_domains_are_those_of_the_connection(self):
        self.assertEqual(self.offers("guestdump dump --domain "), ["mail", "web", "web-two"])
        self.assertEqual(self.offers("guestdump info --domain=we"), ["web", "web-two"])
        self.assertEqual(self.offers("guestdump info --connect qemu:///session --domain "), [])
        self.begin_shell(wanted="qemu:///session")
        self.assertEqual(self.offers("guestdump dump --domain "), [])
        self.assertEqual(self.offers("guestdump dump --connect qemu:///session --domain m"), ["mail"])
        self.assertEqual(self.offers("guestdump dump --connect=qemu:///session --domain m"), ["mail"])

    def test_options_of_guestdump_vm_are_those_of_help(self):
        listed = sorted(set(re.findall(r"^(-[a-z-]*[A-Z]?)", said(VM, "-h"), re.M)))
        self.assertGreaterEqual(len(listed), 15)
        self.assertEqual(sorted(set(self.offers("guestdump-vm -"))), listed)
        self.assertEqual(self.offers("guestdump-vm -machine "), ["none", "pc", "q35"])
        self.assertEqual(self.offers("guestdump-vm -object memory-backend-m"), ["memory-backend-memfd,id"])
        self.assertEqual(self.offers("guestdump-vm -m ", self.folder), [])


class InBash(Completions, unittest.TestCase):
    SHELL = Bash


class InZsh(Completions, unittest.TestCase):
    SHELL = Zsh


class InFish(Completions, unittest.TestCase):
    SHELL = Fish


unittest.main(argv=sys.argv[:1])
