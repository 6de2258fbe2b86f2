#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Help can be had; man pages and bash completion know what the programs know: documents_test.py SOURCE_ROOT GUESTDUMP GUESTDUMP_VM."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

VM, GUESTDUMP, ROOT = (pathlib.Path(sys.argv.pop()).resolve() for _ in range(3))
PAGES = ROOT / "docs" / "man"
COMPLETIONS = ROOT / "tools" / "completions"


def said(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True, timeout=60).stdout


def commands():
    found = re.findall(r"^  guestdump ([a-z-]+) ", said(GUESTDUMP, "--help"), re.M)
    assert len(found) >= 8, found
    return found


def command_options(command):
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said(GUESTDUMP, command, "--help"), re.M))


def vm_options():
    found = re.findall(r"^(-\S+)", said(VM, "-h"), re.M)
    assert len(found) >= 15, found
    return found


class ManPages(unittest.TestCase):
    def rendered(self, name):
        """The page as a person reads it; whatever the formatter has to complain about fails."""
        done = subprocess.run(["man", "-l", "--warnings", "-E", "UTF-8", PAGES / name], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, MANWIDTH="120", MANROFFOPT="", LC_ALL="C.UTF-8"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return re.sub(".\b|\x1b\\[[0-9;]*m", "", done.stdout).replace("\u2212", "-").replace("\u2010", "-")

    def setUp(self):
        if not shutil.which("man"):
            self.skipTest("man is not installed")

    def assert_has(self, page, word):
        self.assertRegex(page, r"(?m)(^|[\s,\[])%s(?![a-z-])" % re.escape(word))

    def test_guestdumps_page_has_every_command_and_option(self):
        page = self.rendered("guestdump.1")
        for command in commands():
            self.assert_has(page, command)
            for option in command_options(command):
                self.assert_has(page, option)

    def test_guestdump_vms_page_has_every_option(self):
        page = self.rendered("guestdump-vm.1")
        for option in vm_options():
            self.assert_has(page, option)


class Help(unittest.TestCase):
    def test_help_that_cannot_be_written_is_a_failure(self):
        asked = [[GUESTDUMP, "--help"], *([GUESTDUMP, command, "--help"] for command in commands()), [VM, "-h"], [VM, "--version"]]
        for words in asked:
            with open("/dev/full", "wb") as full:
                done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60)
            program = words[0].name
            self.assertRegex(done.stderr.decode(), "^" + program + ": writing to stdout(: No space left on device| failed)\n$", words)
            self.assertEqual(done.returncode, 2 if program == "guestdump" else 1, words)


class Completion(unittest.TestCase):
    """Asked as bash asks: the words of the line in COMP_WORDS, the answers in COMPREPLY."""

    def complete(self, program, *words, folder="/"):
        # As readline cuts a line.
        cut = [part for word in words for part in re.findall(r"=|[^=]+", word) or [""]]
        name = program.name
        script = """
            source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
            function=$(complete -p %s | sed 's/.*-F \\([a-z_]*\\) .*/\\1/')
            "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || exit 9
            printf '%%s\\n' "${COMPREPLY[@]}"
        """ % name
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETIONS / name, program, *cut],
                              capture_output=True, text=True, timeout=60, cwd=folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return sorted(done.stdout.split("\n")[:-1]) if done.stdout.strip() else []

    def test_commands_are_completed(self):
        self.assertEqual(self.complete(GUESTDUMP, "co"), ["compare", "cont", "convert"])
        self.assertEqual(self.complete(GUESTDUMP, "nothing"), [])
        self.assertEqual(set(self.complete(GUESTDUMP, "")), {*commands(), "--help", "--version"})

    def test_every_option_of_every_command_is_completed(self):
        for command in commands():
            found = {word.rstrip("=") for word in self.complete(GUESTDUMP, command, "--")}
            self.assertLessEqual(command_options(command), found | {"--help"})
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--est"), ["--estimate"])
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--form"), ["--format="])

    def test_formats_are_completed_behind_an_equals_sign_too(self):
        raw = ["kdump-raw-lzo", "kdump-raw-snappy", "kdump-raw-zlib", "kdump-raw-zstd"]
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--format", "kdump-r"), raw)
        self.assertEqual(self.complete(GUESTDUMP, "convert", "--format=kdump-r"), raw)
        self.assertEqual(len(self.complete(GUESTDUMP, "dump", "--format=")), 10)
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--threads", ""), [])

    def test_the_value_of_live_is_completed_only_behind_its_equals_sign(self):
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--live="), ["force"])
        self.assertEqual(self.complete(GUESTDUMP, "dump", "--live=fo"), ["force"])
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "core").touch()
            self.assertEqual(self.complete(GUESTDUMP, "dump", "--live", "", folder=folder), ["core"])

    def test_files_are_completed(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("core.a", "core.b", "other"):
                pathlib.Path(folder, name).touch()
            self.assertEqual(self.complete(GUESTDUMP, "info", "core", folder=folder), ["core.a", "core.b"])
            self.assertEqual(self.complete(GUESTDUMP, "dump", "--qmp", "ot", folder=folder), ["other"])
            self.assertEqual(self.complete(VM, "-restore", "core", folder=folder), ["core.a", "core.b"])

    def test_domains_are_completed(self):
        with tempfile.TemporaryDirectory() as folder:
            virsh = pathlib.Path(folder, "virsh")
            virsh.write_text("""#!/bin/sh\n[ "$*" = "--quiet --connect $WANTED list --name" ] && printf 'web\\nweb-two\\nmail\\n'\n""")
            virsh.chmod(0o755)
            before = dict(os.environ)
            os.environ.update(PATH=folder + ":" + before["PATH"], WANTED="qemu:///system")
            try:
                self.assertEqual(self.complete(GUESTDUMP, "dump", "--domain", "we"), ["web", "web-two"])
                self.assertEqual(self.complete(GUESTDUMP, "info", "--domain=m"), ["mail"])
                os.environ["WANTED"] = "qemu:///session"
                self.assertEqual(self.complete(GUESTDUMP, "dump", "--domain", "we"), [])
                self.assertEqual(self.complete(GUESTDUMP, "dump", "--connect", "qemu:///session", "--domain", "ma"), ["mail"])
                self.assertEqual(self.complete(GUESTDUMP, "dump", "--connect=qemu:///session", "--domain", "ma"), ["mail"])
            finally:
                os.environ.clear()
                os.environ.update(before)

    def test_options_of_guestdump_vm_are_completed(self):
        self.assertEqual(self.complete(VM, "-mach"), ["-machine"])
        self.assertLessEqual(set(vm_options()), set(self.complete(VM, "-")))
        self.assertEqual(self.complete(VM, "-machine", "q"), ["q35"])
        self.assertEqual(self.complete(VM, "-object", "memory-backend-m"), ["memory-backend-memfd,id="])
        self.assertEqual(self.complete(VM, "-m", ""), [])


unittest.main(argv=sys.argv[:1])
