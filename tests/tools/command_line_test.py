#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Words, options and endings that all commands share: command_line_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import os
import pty
import re
import subprocess

from command import GUESTDUMP, SMALL, CommandTest, main, run

COMMANDS = re.findall(r"^  guestdump ([a-z-]+) ", run("--help")[0].decode(), re.M)


class Help(CommandTest):
    def test_of_a_command_names_it_and_says_what_it_does(self):
        self.assertGreaterEqual(len(COMMANDS), 9)
        for command in COMMANDS:
            text = run(command, "--help")[0].decode()
            self.assertRegex(text, r"^Usage:\n  guestdump %s \[OPTION" % command)
            summary = text.split("\n\n")[1]
            self.assertRegex(summary, r"(?s)^[A-Z][a-z]+s .*\.$", command)

    def test_version_is_that_of_the_man_page(self):
        out = run("--version")[0].decode()
        self.assertRegex(out, r"^guestdump version \d+\.\d+\.\d+\n$")


class Sizes(CommandTest):
    def memory_of(self, *options):
        out = self.folder / "out"
        run("convert", SMALL / "elf/64", out, *options)
        return json.loads(run("info", "--json", out)[0])["ranges"]

    def test_take_units_of_1024(self):
        plain = self.memory_of("--begin=0x1000", "--length=4096")
        self.assertEqual(self.memory_of("--begin=4K", "--length=4K"), plain)
        whole = self.memory_of()
        for length in "1M", "1G", "1T", "0x1T":
            self.assertEqual(self.memory_of("--begin=0", "--length=" + length), whole)

    def test_that_are_none_are_refused(self):
        for length in "1Q", "K", "1KK", "-1", "1.5K", "0x", "", " 1", "18446744073709551616", "16777216T":
            self.assert_trouble("--length expects a number of up to 64 bits", "convert", SMALL / "elf/64", self.folder / "out",
                                "--begin=0", "--length=" + length)
        self.assertEqual(os.listdir(self.folder), [])


class Messages(CommandTest):
    def test_unknown_format_lists_the_formats(self):
        self.assert_trouble("there is no format 'zip'; the formats are elf, kdump-zlib, ", "convert", SMALL / "elf/64",
                            self.folder / "out", "--format=zip")

    def test_numbers_agree_with_their_nouns(self):
        self.assert_trouble("1 operand where 2 or more are expected: IN... OUT", "convert", SMALL / "elf/64")
        self.assert_trouble("0 operands where 1 or more are expected: FILE...", "verify")
        bad = self.damaged([1])
        self.assertIn(", 1 bad page, damaged\n", run("verify", bad, status=1)[0].decode())
        self.assertIn(", 2 bad pages, damaged\n", run("verify", self.damaged([1, 2]), status=1)[0].decode())
        self.assertIn(", 0 bad pages, good\n", run("verify", SMALL / "kdump/64")[0].decode())

    def damaged(self, descriptors):
        """A kdump file with descriptors of impossible compression."""
        data = bytearray((SMALL / "kdump/64").read_bytes())
        for index in descriptors:
            data[16384 + 24 * index + 12] = 0x40
        bad = self.folder / "bad"
        bad.write_bytes(data)
        return bad

    def test_pages_are_named_by_their_address_and_once(self):
        bad = self.damaged([1])
        for words in ["verify", bad], ["convert", bad, self.folder / "out", "--format=kdump-zlib"], ["compare", bad, bad]:
            done = subprocess.run([GUESTDUMP, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            text = done.stdout.decode()
            self.assertEqual(text.count("the page at 0x2000"), 1, text)
            self.assertEqual(text.split("\n")[0].count("'%s': " % bad), 1, text)
            self.assertNotIn("page 0x", text)


class Endings(CommandTest):
    def test_a_reader_that_stops_reading_is_no_error(self):
        for words in ["info", SMALL / "kdump/64"], ["info", "--json", SMALL / "kdump/64"], ["verify", SMALL / "kdump/64"]:
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([GUESTDUMP, *words], stdout=write, stderr=subprocess.PIPE, timeout=60)
            os.close(write)
            self.assertEqual((done.stderr, done.returncode), (b"", 128 + 13), words)

    def test_no_vmcore_goes_to_a_terminal_unless_forced(self):
        for output, named in ("-", "stdout"), ("/dev/stdout", "'/dev/stdout'"):
            status, out, err = self.on_terminal("convert", SMALL / "elf/64", output)
            self.assertEqual((status, out), (2, b""))
            self.assertEqual(err.decode(), "guestdump convert: %s is a terminal, and a vmcore is not text: name a file, or use "
                                           "--force\n" % named)
        status, out, err = self.on_terminal("convert", SMALL / "elf/64", "-", "--force")
        self.assertIn(b"\x7fELF", out)

    def test_no_dump_goes_to_a_terminal_either(self):
        status, out, err = self.on_terminal("dump", "--qmp", "/nonexistent", "-")
        self.assertEqual((status, out), (2, b""))
        self.assertIn(b"stdout is a terminal", err)

    def on_terminal(self, *words):
        mine, its = pty.openpty()
        child = subprocess.Popen([GUESTDUMP, *map(str, words)], stdout=its, stderr=subprocess.PIPE)
        os.close(its)
        out = b""
        try:
            while data := os.read(mine, 65536):
                out += data
        except OSError:
            pass  # the end of a terminal
        os.close(mine)
        err = child.communicate(timeout=60)[1]
        return child.returncode, out, err


class SeveralFiles(CommandTest):
    def test_are_described_one_after_the_other(self):
        files = [SMALL / "elf/64", SMALL / "kdump/64"]
        text = run("info", *files)[0].decode()
        self.assertEqual(text, "\n".join(run("info", file)[0].decode() for file in files))
        lines = run("info", "--json", *files)[0].decode().splitlines()
        self.assertEqual([json.loads(line)["filename"] for line in lines], [str(file) for file in files])

    def test_are_verified_and_the_worst_status_counts(self):
        good, cut = SMALL / "elf/64", self.folder / "cut"
        cut.write_bytes(good.read_bytes()[:-100])
        out, err = run("verify", good, cut, good, status=1)
        self.assertEqual(len(re.findall("(?m)^%s: .* good$" % good, out.decode())), 2)
        self.assertRegex(out.decode(), "(?m)^%s: .* damaged$" % cut)
        out, err = run("verify", cut, "/nonexistent", good, status=2)
        self.assertEqual(err, "guestdump verify: could not open '/nonexistent': No such file or directory\n")
        self.assertRegex(out.decode(), "(?m)^%s: .* good$" % good)


main()
