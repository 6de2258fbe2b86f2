#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with several kernels in memory: kernels_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import struct

from command import CommandTest, main, run


def text_of(release, uts, base):
    return ("OSRELEASE=%s\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=%x\nOFFSET(uts_namespace.name)=8\nSYMBOL(_stext)=%x\n"
            "NUMBER(phys_base)=%d\n" % (release, uts, uts & ~0xfff, base)).encode()


class Kernels(CommandTest):
    """Two kernels: 6.1.0-failed with its structures at 0x3000, 6.1.0-saving at 0x13000. No registers."""

    def vmcore(self, note=b""):
        memory = bytearray(0x20000)
        for name, release, at in (("failed", b"6.1.0-failed", 0), ("saving", b"6.1.0-saving", 0x10000)):
            for index, field in enumerate((b"Linux", b"host", release, b"#1 SMP", b"x86_64", b"(none)")):
                place = at + 0x3048 + 65 * index
                memory[place:place + len(field)] = field
            text = text_of(release.decode(), 0xffffffff81003040, at - 0x1000000)
            memory[at + 0x6000:at + 0x6000 + len(text)] = text
        notes = b""
        if note:
            notes = struct.pack("<III", 11, len(note), 0) + b"VMCOREINFO\0\0" + note + bytes(-len(note) % 4)
        header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        headers = (struct.pack("<IIQQQQQQ", 4, 0, 1024, 0, 0, len(notes), len(notes), 0)
                   + struct.pack("<IIQQQQQQ", 1, 7, 4096, 0, 0, len(memory), len(memory), 0))
        path = self.folder / "two"
        path.write_bytes((((header + headers).ljust(1024, b"\0")) + notes).ljust(4096, b"\0") + memory)
        return path

    def test_info_names_the_second_one(self):
        path = self.vmcore()
        told = json.loads(run("info", "--json", path)[0])
        self.assertEqual(told["kernel"]["release"], "6.1.0-failed")
        self.assertEqual(told["other-kernels"], [{"release": "6.1.0-saving", "vmcoreinfo-at": "0x16000"}])
        self.assertIn(b"kernel 2:    Linux 6.1.0-saving, VMCOREINFO at 0x16000\n", run("info", path)[0])

    def test_the_one_of_the_note_is_the_first(self):
        path = self.vmcore(text_of("6.1.0-saving", 0xffffffff81003040, 0x10000 - 0x1000000))
        told = json.loads(run("info", "--json", path)[0])
        self.assertEqual(told["kernel"]["release"], "6.1.0-saving")
        self.assertEqual(told["other-kernels"], [{"release": "6.1.0-failed", "vmcoreinfo-at": "0x6000"}])

    def test_kernel_picks(self):
        path = self.vmcore()
        for number, release, other in ("1", "failed", "saving"), ("2", "saving", "failed"):
            told = json.loads(run("info", "--json", "--kernel", number, path)[0])
            self.assertEqual(told["kernel"]["release"], "6.1.0-" + release)
            self.assertEqual([one["release"] for one in told["other-kernels"]], ["6.1.0-" + other])
            run("convert", "--kernel=" + number, path, self.folder / "out", "--format=kdump-raw-zlib")
            converted = json.loads(run("info", "--json", self.folder / "out")[0])
            self.assertEqual(converted["kernel"]["release"], "6.1.0-" + release)
            self.assertNotIn("vmcoreinfo-found-at", converted)
            self.assertFalse([w for w in converted["warnings"] if "phys_base" in w])
        for number in "0", "3":
            self.assert_trouble("there is no kernel %s: 2 found" % number, "info", "--kernel", number, path)
        self.assert_trouble("--kernel expects a number", "info", "--kernel", "x", path)

    def test_one_that_is_wanted_alone_stays_alone(self):
        self.assertNotIn("other-kernels", json.loads(run("info", "--json", "--no-find-vmcoreinfo", self.vmcore())[0]))


main()
