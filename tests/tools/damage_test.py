#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged, cut and incomplete vmcores, by all commands: damage_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import os
import struct

from command import SMALL, CommandTest, main, run


class DamagedPages(CommandTest):
    """kdump/64 with pages whose bytes do not decompress; everything else about them is right."""

    def setUp(self):
        super().setUp()
        data = bytearray((SMALL / "kdump/64").read_bytes())
        self.stored = [struct.unpack_from("<QII", data, 16384 + 24 * index) for index in range(5)]
        self.index = next(i for i, (_, _, flags) in enumerate(self.stored) if flags == 1)
        offset, size, _ = self.stored[self.index]
        data[offset:offset + size] = bytes(size)
        self.bad = self.folder / "bad"
        self.bad.write_bytes(data)
        verified = json.loads(run("verify", "--json", self.bad, status=1)[0])
        self.assertEqual(verified["bad-pages"], 1)
        self.address = verified["problems"][0].split("the page at ")[1].split(":")[0]

    def ranges(self, path):
        told = json.loads(run("info", "--json", path)[0])
        return [(int(one["begin"], 16), one["length"]) for one in told["ranges"]]

    def test_one_ends_convert_unless_a_part_is_wanted(self):
        out = self.folder / "out"
        self.assert_trouble("the page at %s: " % self.address, "convert", self.bad, out)
        self.assert_trouble("; `guestdump convert --partial` saves the rest", "convert", self.bad, out)
        self.assertEqual(os.listdir(self.folder), ["bad"])

    def test_one_is_left_out_of_a_part_and_the_rest_is_there(self):
        address = int(self.address, 16)
        for form in "elf", "kdump-raw-zlib", "kdump-raw-zstd", "kdump-zlib":
            out = self.folder / "out"
            _, err = run("convert", "--partial", self.bad, out, "--format", form)
            self.assertIn("warning: '%s': the page at %s: " % (self.bad, self.address), err)
            self.assertIn("warning: 1 page cannot be read: left out\n", err)
            run("verify", out)
            self.assertFalse([one for one in self.ranges(out) if one[0] <= address < sum(one)])
            self.assertEqual(sum(size for _, size in self.ranges(out)) + 4096, sum(size for _, size in self.ranges(self.bad)))
            differences = json.loads(run("compare", "--json", out, SMALL / "kdump/64", status=1)[0])
            self.assertEqual(differences["different-pages"], 0)

    def test_one_that_is_copied_as_it_is_stored_is_said_to_be_damaged_still(self):
        data = bytearray((SMALL / "kdump/64").read_bytes())
        struct.pack_into("<I", data, 424, 1)  # all pages are zlib's, raw or zero
        pages = [(offset, size, flags) for offset, size, flags in self.stored if flags in (0, 1)]
        bitmap = [pfn for pfn in range(64) if data[12288 + pfn // 8] >> pfn % 8 & 1]
        kept = [pfn for pfn, (_, _, flags) in zip(bitmap, self.stored) if flags in (0, 1)]
        data[12288:12288 + 8] = bytes(sum(1 << pfn % 8 for pfn in kept if pfn // 8 == at) for at in range(8))
        for index, page in enumerate(pages):
            struct.pack_into("<QII", data, 16384 + 24 * index, *page)
        # The data begins after the descriptors, which are fewer now.
        shift = 24 * (len(self.stored) - len(pages))
        del data[16384 + 24 * len(pages):16384 + 24 * len(self.stored)]
        for index, (offset, size, flags) in enumerate(pages):
            struct.pack_into("<Q", data, 16384 + 24 * index, offset - shift)
        good, bad, out = (self.folder / name for name in ("good", "bad", "out"))
        good.write_bytes(data)
        run("verify", good)
        offset, size, _ = struct.unpack_from("<QII", data, 16384 + 24 * [flags for _, _, flags in pages].index(1))
        data[offset:offset + size] = bytes(size)
        bad.write_bytes(data)
        self.assertEqual(run("convert", good, out, "--format=kdump-raw-zlib")[1], "")
        _, err = run("convert", bad, out, "--format=kdump-raw-zlib")
        self.assertIn("warning: '%s': the page at " % bad, err)
        self.assertIn("warning: 1 page cannot be read: damaged in the output too\n", err)
        self.assertEqual(json.loads(run("verify", "--json", out, status=1)[0])["bad-pages"], 1)


class OneJudgement(CommandTest):
    def spoilt(self):
        """(what is wrong, file): cut, incomplete and damaged files of all formats."""
        for name, cut in ("elf/64", 100), ("flattened/elf64", 100), ("flattened/elf64", 16), ("kdump/64", 100):
            path = self.folder / (name.replace("/", "-") + "-%d" % cut)
            path.write_bytes((SMALL / name).read_bytes()[:-cut])
            yield path
        data = bytearray((SMALL / "kdump/64").read_bytes())
        struct.pack_into("<I", data, 424, struct.unpack_from("<I", data, 424)[0] | 8)
        data[16384 + 24 * 4:16384 + 24 * 5] = bytes(24)
        (self.folder / "incomplete").write_bytes(data)
        yield self.folder / "incomplete"
        data = bytearray((SMALL / "kdump/64").read_bytes())
        data[16384 + 24 + 12] = 0x40
        (self.folder / "damaged").write_bytes(data)
        yield self.folder / "damaged"

    def test_info_describes_verify_is_1_and_convert_needs_partial(self):
        out = self.folder / "out"
        for path in self.spoilt():
            run("info", path)
            self.assertTrue(run("verify", path, status=1)[0].endswith(b", damaged\n"), path)
            self.assert_trouble("--partial", "convert", path, out)
            self.assertFalse(out.exists())
            _, err = run("convert", "--partial", path, out)
            self.assertIn("warning: ", err)
            run("compare", path, SMALL / "kdump/64", status=1)
            out.unlink()

    def test_compare_says_of_equal_memory_that_its_file_was_cut_off(self):
        cut = self.folder / "cut"
        cut.write_bytes((SMALL / "flattened/elf64").read_bytes()[:-16])
        out, err = run("compare", SMALL / "flattened/elf64", cut)
        self.assertTrue(out.endswith(b"equal\n"), out)
        self.assertEqual(err, "warning: the second: the flattened file was cut off: it has no end record\n")

    def test_whole_files_are_whole_for_all(self):
        out = self.folder / "out"
        for name in "elf/64", "flattened/elf64", "kdump/64", "flattened/kdump64":
            run("verify", SMALL / name)
            for partial in [], ["--partial"]:
                self.assertEqual(run("convert", *partial, SMALL / name, out)[1], "")
                run("verify", out)


main()
