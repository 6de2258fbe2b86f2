#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What people see of the command guestdump: guestdump_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import fcntl
import json
import os
import pathlib
import signal
import struct
import subprocess
import time

from command import GUESTDUMP, SMALL, CommandTest, main, run


class Guestdump(CommandTest):
    def test_info_tells_people_and_scripts_the_same(self):
        text = run("info", SMALL / "kdump/64")[0].decode()
        told = json.loads(run("info", "--json", SMALL / "kdump/64")[0])
        self.assertIn("format:      kdump-compressed version 6, x86_64\n", text)
        self.assertEqual((told["format"], told["header-version"]), ("kdump-compressed", 6))
        self.assertEqual({kind["kind"]: kind["pages"] for kind in told["pages"]},
                         {"zero": 1, "zlib": 1, "lzo": 1, "snappy": 1, "zstd": 1, "excluded": 2})
        self.assertEqual(told["cpus"][0]["registers"]["rip"], "0xffffffff81000000")
        self.assertNotIn("ffffffff81000000", text)
        self.assertIn("rip ffffffff81000000", run("info", "--registers", SMALL / "kdump/64")[0].decode())
        self.assertIn("OSRELEASE=6.1.0\n", run("info", "--vmcoreinfo", SMALL / "kdump/64")[0].decode())

    def test_what_a_file_says_does_not_command_the_terminal(self):
        hostile = self.folder / "hostile"
        hostile.write_bytes((SMALL / "kdump/64").read_bytes().replace(b"OSRELEASE=6.1.0", b"OSRELEASE=\x1b[31m"))
        text = run("info", "--vmcoreinfo", hostile)[0]
        self.assertNotIn(b"\x1b", text)
        self.assertIn(b"kernel:      Linux \\x1b[31m\n", text)
        self.assertIn(b"OSRELEASE=\\x1b[31m\n", text)
        self.assertEqual(json.loads(run("info", "--json", hostile)[0])["kernel"]["release"], "\x1b[31m")
        renamed = self.folder / "renamed"
        renamed.write_bytes((SMALL / "kdump/64").read_bytes().replace(b"CORE\0", b"CO\x9bE\0"))
        self.assertNotIn(b"\x9b", run("compare", SMALL / "kdump/64", renamed, status=1)[0])

    def test_convert_keeps_the_guest_in_every_format_that_there_is(self):
        for name in ["kdump/64", "flattened/kdump64"]:
            for form in FORMATS:
                out = self.folder / form
                run("convert", SMALL / name, out, "--format", form, "--threads", 2)
                run("compare", SMALL / name, out)
                run("verify", out)
                back = self.folder / "back"
                run("convert", out, back, "--format=elf")
                run("compare", SMALL / name, back)

    def test_convert_writes_to_a_pipe(self):
        out = self.folder / "elf"
        run("convert", SMALL / "kdump/64", out)
        self.assertEqual(run("convert", SMALL / "kdump/64", "-")[0], out.read_bytes())

    def test_a_cancelled_command_says_its_own_name(self):
        for command, file in ("convert", SMALL / "kdump/64"), ("extract", SMALL / "post_mortem/core"):
            child = subprocess.Popen([GUESTDUMP, command, file, self.fifo(4096)], stderr=subprocess.PIPE)
            self.reader.read(1)  # it writes now, and soon waits for room
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.communicate(timeout=60)[1].decode(), "guestdump %s: cancelled\n" % command)
            self.assertEqual(child.returncode, 130)

    def fifo(self, size):
        """A pipe with room for @size bytes, of which self.reader is the end."""
        path = self.folder / ("fifo-%d" % len(os.listdir(self.folder)))
        os.mkfifo(path)
        keep = os.open(path, os.O_RDWR)
        fcntl.fcntl(keep, fcntl.F_SETPIPE_SZ, size)
        self.reader = open(path, "rb", buffering=0)
        self.addCleanup(self.reader.close)
        self.addCleanup(os.close, keep)
        return path

    def test_convert_takes_a_part(self):
        out = self.folder / "part"
        run("convert", SMALL / "elf/64", out, "--begin", "0x1000", "--length", "4096")
        self.assertEqual(json.loads(run("info", "--json", out)[0])["ranges"], [{"begin": "0x1000", "length": 4096}])

    def test_compare_says_what_differs(self):
        out = run("compare", SMALL / "elf/64", SMALL / "kdump/64", status=1)[0].decode()
        self.assertIn("is only in the second", out)
        self.assertIn("the page at 0x1000 differs", out)
        self.assertTrue(out.endswith("different\n"), out)
        self.assertIn("equal", run("compare", SMALL / "elf/64", SMALL / "flattened/elf64")[0].decode())

    def test_verify_finds_a_damaged_page(self):
        data = bytearray((SMALL / "kdump/64").read_bytes())
        data[16384 + 24 + 12] = 2  # the second page's compression
        bad = self.folder / "bad"
        bad.write_bytes(data)
        out = run("verify", bad, status=1)[0].decode()
        self.assertIn("'%s': the page at 0x2000: the" % bad, out)
        self.assertIn("1 bad page, damaged", out)
        self.assert_trouble("the page at 0x2000", "convert", bad, self.folder / "out")
        self.assertEqual(os.listdir(self.folder), ["bad"])

    def test_a_cut_file_is_described_and_damaged_and_names_the_option_that_saves_it(self):
        cut = self.folder / "cut"
        for name in ("elf/64", "flattened/elf64"):
            cut.write_bytes((SMALL / name).read_bytes()[:-100])
            text = run("info", cut)[0].decode()
            self.assertIn("the file was cut off", text)
            self.assertIn("warning:", text)
            out = run("verify", cut, status=1)[0].decode()
            self.assertIn("the file was cut off", out)
            self.assertTrue(out.endswith("damaged\n"), out)
            self.assert_trouble("`guestdump convert --partial` saves what is there", "convert", cut, self.folder / "out")
            run("convert", "--partial", cut, self.folder / "out")
            memory = [json.loads(run("info", "--json", file)[0])["memory"] for file in (cut, self.folder / "out")]
            self.assertEqual(memory[0], memory[1])
            os.unlink(self.folder / "out")
        cut.write_bytes((SMALL / "elf/64").read_bytes()[:-100])
        told = json.loads(run("info", "--json", cut)[0])
        self.assertGreater(told["missing"], 0)
        self.assertEqual(told["memory"] + told["missing"], json.loads(run("info", "--json", SMALL / "elf/64")[0])["memory"])
        self.assertEqual(os.listdir(self.folder), ["cut"])

    def test_verify_and_compare_do_not_read_holes(self):
        """An ELF file of 1 TiB with a page of data, on whatever file system the folder is."""
        sparse = self.folder / "sparse"
        header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        load = struct.pack("<IIQQQQQQ", 1, 7, 4096, 0, 0, 1 << 40, 1 << 40, 0)
        with open(sparse, "wb") as file:
            file.write((header + load).ljust(4096, b"\0") + b"data" * 1024)
            file.truncate(4096 + (1 << 40))
        begun = time.monotonic()
        self.assertIn("1.0 TiB", run("verify", sparse)[0].decode())
        self.assertIn("1.0 TiB", run("compare", sparse, sparse)[0].decode())
        self.assertLess(time.monotonic() - begun, 20)

    def test_trouble_is_one_line_and_nothing_is_left_behind(self):
        out = self.folder / "out"
        good = SMALL / "elf/64"
        self.assert_trouble("could not open '/nonexistent': No such file or directory", "info", "/nonexistent")
        self.assert_trouble("is not a regular file", "verify", self.folder)
        self.assert_trouble("is no vmcore", "info", __file__)
        self.assert_trouble("1 operand where 2 or more are expected", "convert", good)
        self.assert_trouble("there is no format 'quux'", "convert", good, out, "--format", "quux")
        self.assert_trouble("Parameter 'length' is missing", "convert", good, out, "--begin", "1")
        self.assert_trouble("--begin expects a number", "convert", good, out, "--begin", "-1", "--length", "1")
        self.assert_trouble("--length expects a number", "convert", good, out, "--begin", "1", "--length", "1Q")
        self.assert_trouble("no guest memory to dump", "convert", good, out, "--begin", "0x100000", "--length", "1")
        self.assert_trouble("--threads expects a value from 1 to 1024", "verify", good, "--threads", "5000")
        self.assert_trouble("Unknown option --quux", "info", "--quux", good)
        self.assert_trouble("there is no command 'quux'", "quux")
        self.assert_trouble("usage: guestdump COMMAND")
        self.assert_trouble("Could not open '/nonexistent/out'", "convert", good, "/nonexistent/out")
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_cannot_be_told_is_trouble(self):
        good = SMALL / "elf/64"
        for words in (["info", good], ["info", "--json", good], ["verify", good], ["compare", good, good], ["--help"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([GUESTDUMP, *words], stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(done.stderr.decode(), "guestdump: writing to stdout: No space left on device\n", words)
            self.assertEqual(done.returncode, 2)

    def test_a_full_target_is_said(self):
        self.assert_trouble("No space left on device", "convert", SMALL / "elf/64", "/dev/full")


FORMATS = ["elf", *["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")]]
main()
