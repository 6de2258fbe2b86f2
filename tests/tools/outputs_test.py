#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands that write a vmcore never write to: outputs_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import os
import subprocess

from command import GUESTDUMP, CommandTest, main, run


class TheInput(CommandTest):
    def other_names_of(self, core):
        symlink, hard, deep = (core.parent / name for name in ("symlink", "hard", "deep"))
        symlink.symlink_to(core.name)
        os.link(core, hard)
        deep.mkdir()
        return [symlink, hard, deep / ".." / core.name, "/proc/self/cwd/" + core.name]

    def test_is_refused_as_the_output_by_any_name(self):
        for command, name in ("convert", "elf/64"), ("convert", "kdump/64"), ("extract", "post_mortem/core"):
            core = self.copy_of(name, name.replace("/", "-") + "/core")
            number, whole = core.stat().st_ino, core.read_bytes()
            for output in [core, *self.other_names_of(core)]:
                for more in [], ["--format=kdump-zlib"]:
                    self.assert_trouble("give the output another name", command, core, output, *more, cwd=core.parent)
            self.assertEqual((core.stat().st_ino, core.read_bytes()), (number, whole))
            self.assertEqual(sorted(os.listdir(core.parent)), ["core", "deep", "hard", "symlink"])

    def test_is_refused_as_standard_output(self):
        core = self.copy_of("elf/64")
        whole = core.read_bytes()
        for output in "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1":
            for flags in os.O_RDWR, os.O_WRONLY | os.O_APPEND:
                out = os.open(core, flags)
                done = subprocess.run([GUESTDUMP, "convert", core, output], stdout=out, stderr=subprocess.PIPE, timeout=60)
                os.close(out)
                self.assertEqual(done.returncode, 2, output)
                self.assertIn("is the same file as the input '%s'" % core, done.stderr.decode())
                self.assertEqual(core.read_bytes(), whole)

    def test_leaves_its_copies_free_to_be_replaced(self):
        core, other = self.copy_of("elf/64"), self.copy_of("elf/64", "other")
        run("convert", core, other, "--format=vbox-core")
        self.assertNotEqual(core.read_bytes(), other.read_bytes())


main()
