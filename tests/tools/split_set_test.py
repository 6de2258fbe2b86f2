#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of makedumpfile --split on the command line: split_set_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import struct

from command import SMALL, CommandTest, main, run


class SplitSet(CommandTest):
    def parts_of(self, name, bounds):
        """The small kdump file @name in parts that end at page frames @bounds, each with room for all descriptors."""
        data = (SMALL / name).read_bytes()
        sub_blocks, bitmap_blocks, max_mapnr = struct.unpack_from("<III", data, 432)
        bitmap1 = 4096 * (1 + sub_blocks)
        bitmap2 = bitmap1 + 4096 * (bitmap_blocks // 2)
        descriptors = bitmap1 + 4096 * bitmap_blocks
        stored = [pfn for pfn in range(max_mapnr) if data[bitmap2 + pfn // 8] >> pfn % 8 & 1]
        paths, begin = [], 0
        for end in bounds:
            part = bytearray(data[:descriptors])
            struct.pack_into("<I", part, 4096 + 12, 1)
            struct.pack_into("<QQ", part, 4096 + 80, begin, end)
            mine = [index for index, pfn in enumerate(stored) if begin <= pfn < end]
            part += b"".join(data[descriptors + 24 * index:][:24] for index in mine)
            part += bytes(24 * (len(stored) - len(mine))) + data[descriptors + 24 * len(stored):]
            paths.append(self.folder / ("part%d" % len(paths)))
            paths[-1].write_bytes(part)
            begin = end
        return paths

    def test_is_one_vmcore_for_every_command(self):
        parts, whole = self.parts_of("kdump/64", [3, 5, 1 << 20]), SMALL / "kdump/64"
        told, expected = (json.loads(run("info", "--json", *files)[0]) for files in (parts, [whole]))
        self.assertEqual(told.pop("split-files"), 3)
        self.assertEqual((told.pop("filename"), expected.pop("filename")), (str(parts[0]), str(whole)))
        self.assertEqual(told, expected)
        self.assertIn(b"3 files of a split set", run("info", *parts)[0])
        self.assertIn("%s: " % parts[0], run("verify", *parts)[0].decode())
        self.assertIn(b"equal", run("compare", *parts, whole)[0])
        self.assertIn(b"equal", run("compare", whole, *reversed(parts))[0])
        for form in "elf", "kdump-raw-zlib", "kdump-zstd":
            run("convert", *parts, self.folder / "out", "--format", form)
            run("compare", whole, self.folder / "out")

    def test_stands_among_other_vmcores(self):
        parts, whole = self.parts_of("kdump/64", [3, 1 << 20]), SMALL / "kdump/64"
        lines = run("info", "--json", whole, *parts, whole)[0].decode().splitlines()
        self.assertEqual([json.loads(line).get("split-files") for line in lines], [None, 2, None])

    def test_that_is_not_complete_is_damaged_and_saved_in_part(self):
        parts = self.parts_of("kdump/64", [3, 5, 1 << 20])
        out = self.folder / "out"
        self.assert_trouble("its split set lacks the file with the memory from 0x3000 to 0x4fff", "convert", parts[0], parts[2], out)
        self.assert_trouble("name all files of the set", "convert", parts[0], out)
        self.assertIn(b"from address 0x", run("verify", parts[0], parts[2], status=1)[0])
        run("convert", "--partial", parts[0], parts[2], out)
        self.assertLess(json.loads(run("info", "--json", out)[0])["memory"], json.loads(run("info", "--json", *parts)[0])["memory"])

    def test_is_no_excuse_for_several_vmcores(self):
        whole, out = SMALL / "kdump/64", self.folder / "out"
        self.assert_trouble("2 vmcores where 1 is expected, or the files of one split set", "convert", whole, whole, out)
        self.assert_trouble("3 vmcores where 2 are expected: FILE FILE", "compare", whole, whole, whole)
        parts = self.parts_of("kdump/64", [3, 1 << 20])
        self.assert_trouble("give the output another name", "convert", *parts, parts[1])


main()
