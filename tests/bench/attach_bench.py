#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest in QEMU, dumped by guestdump from outside and by QEMU itself: the whole time, and for how long the guest stood still."""
import os
import re
import statistics
import sys

from bench import MEMORY_MIB, MIB, RUNS, Report, describe, guest_ram, in_turn, over_ram_file, tmpfs_lab
from lab import program
from lab.dump_command import wait_for
from lab.live_linux import boot
from lab.round_guest import hang_up

ASKED = {"elf": 4, "kdump-zlib": 10}
REPORT = re.compile(r" in ([0-9.]+) s, guest stopped for ([0-9.]+) s")


class Guest:
    """A running QEMU, and how both dump it."""

    def __init__(self, lab, qemu):
        self.lab, self.qemu, self.stops = lab, qemu, []

    def ours(self, form):
        target = self.lab.path("ours")
        said = self.lab.run(program("guestdump"), "dump", "--qmp", self.qemu.socket_path, "--format", form, target, timeout=600)
        os.unlink(target)
        self.stops.append(float(REPORT.search(said).group(2)))
        return float(REPORT.search(said).group(1))

    def qemus(self, form):
        target = self.lab.path("qemus")
        seconds = self.qemu.dump(target, form)
        hang_up(self.qemu)
        os.unlink(target)
        return seconds

    def actions(self, form):
        return {"guestdump": lambda: self.ours(form), "qemu": lambda: self.qemus(form)}

    def compare(self, report, what, form, asked, times):
        report.note("%s, %s: %s; guest stopped for %.3f s" % (what, form, describe(times), statistics.median(self.stops)))
        self.stops.clear()
        ratio = times["qemu"] / times["guestdump"]
        report.row("%s, %s: times as fast as QEMU" % (what, form), ">= %d" % asked, "%.1f" % ratio, ratio >= asked)


def over_a_file(lab):
    """A guest with most of its memory in use, in a shared file. It runs, from its first instruction on."""
    qemu = lab.qemu(*[option for option in over_ram_file(guest_ram(lab)) if option != "-S"])
    wait_for(lambda: os.path.exists(qemu.socket_path), "QEMU's monitor")
    return Guest(lab, qemu)


def main():
    report = Report("attach")
    with tmpfs_lab(5 * MEMORY_MIB * MIB) as lab:
        report.note("a guest of %d MiB in QEMU; all files on tmpfs" % MEMORY_MIB)
        guest = over_a_file(lab)
        for form, asked in ASKED.items():
            guest.compare(report, "shared file, in use", form, asked, in_turn(min(RUNS, 3), **guest.actions(form)))
        guest.qemu.kill()
        os.unlink(lab.path("ram.img"))
        for form, asked in ASKED.items():
            guest = Guest(lab, boot(lab, memory="%dM" % MEMORY_MIB))
            # Not in turn: QEMU's dump gives the guest every page that it never had, and the next dump would read them.
            times = {}
            for name, action in guest.actions(form).items():
                times |= in_turn(min(RUNS, 3), **{name: action})
            guest.compare(report, "anonymous, just booted", form, asked, times)
            guest.qemu.kill()
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
