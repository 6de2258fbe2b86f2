#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What commands on files show while they work: progress_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import time

from command import GUESTDUMP, CommandTest, main

MIB = 1 << 20


class Progress(CommandTest):
    def large(self):
        """An ELF vmcore that takes long enough to be caught in the middle."""
        path = self.folder / "large"
        size = 256 * MIB
        header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        load = struct.pack("<IIQQQQQQ", 1, 7, 4096, 0, 0, size, size, 0)
        with open(path, "wb") as file:
            file.write((header + load).ljust(4096, b"\0"))
            for _ in range(size // MIB):
                file.write(b"data" * (MIB // 4))
        return path

    def hold(self, child):
        """Stops the command, once it reads, for longer than the moment in which nothing is shown."""
        while int(re.search(r"rchar: (\d+)", pathlib.Path("/proc/%d/io" % child.pid).read_text())[1]) < 8 * MIB:
            if child.poll() is not None:
                return
            time.sleep(0.001)
        child.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        child.send_signal(signal.SIGCONT)

    def on_terminal(self, *words):
        mine, its = pty.openpty()
        child = subprocess.Popen([GUESTDUMP, *map(str, words)], stdout=subprocess.DEVNULL, stderr=its)
        os.close(its)
        self.hold(child)
        err = b""
        try:
            while data := os.read(mine, 65536):
                err += data
        except OSError:
            pass  # the end of a terminal
        os.close(mine)
        self.assertEqual(child.wait(timeout=60), 0)
        return err.decode()

    def test_is_a_bar_on_a_terminal_that_quiet_hides(self):
        core = self.large()
        for words in ["verify", core], ["compare", core, core], ["convert", core, self.folder / "out"]:
            words = [*words, "--threads=1"]
            bar = re.compile(r"\r\[=*>? *\] +[0-9.]+ %  [0-9.]+ of 256\.0 MiB")
            # On a busy machine a fast command may be over before it is held.
            shown = any(bar.search(self.on_terminal(*words)) for _ in range(20))
            self.assertTrue(shown, words)
            self.assertEqual(self.on_terminal(*words, "--quiet"), "", words)

    def test_is_lines_of_tenths_for_convert_off_a_terminal(self):
        core = self.large()
        words = ["convert", core, self.folder / "out", "--format=kdump-zlib", "--threads=1", "--no-share-pages", "--level=12"]
        child = subprocess.Popen([GUESTDUMP, *words], stderr=subprocess.PIPE)
        self.hold(child)
        lines = child.communicate(timeout=120)[1].decode().splitlines()
        self.assertEqual(child.returncode, 0)
        self.assertGreaterEqual(len(lines), 1)
        shares = [float(re.match(r"([0-9.]+) %, [0-9.]+ of 256\.0 MiB", line)[1]) for line in lines]
        self.assertEqual([int(share / 10) for share in shares], sorted({int(share / 10) for share in shares}))
        for silent in [*words, "--quiet"], ["verify", core, "--threads=1"]:
            child = subprocess.Popen([GUESTDUMP, *silent], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            self.hold(child)
            self.assertEqual(child.communicate(timeout=120)[1], b"")


main()
