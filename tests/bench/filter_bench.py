#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A running Linux guest with most of its memory in use, dumped by guestdump, QEMU and makedumpfile: filter_bench.py [--quick].

QEMU runs the guest; guestdump dumps it from outside, whole and with -d 31, and guestdump-vm restores it and dumps it again.
Prints the whole time, for how long the guest stood still, the size of the file, and the ratios that are asked for.

--quick: a guest of 512 MiB and one run, to see whether the program works.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import time

QUICK = "--quick" in sys.argv[1:]
if QUICK:
    os.environ |= {"BENCH_MEMORY_MIB": "512", "BENCH_RUNS": "1"}

from bench import FILL_MIB, MEMORY_MIB, MIB, RUNS, Report, fresh_dump, in_turn, second_of, timed, tmpfs_lab  # noqa: E402
from lab import ROOT, check, need, program  # noqa: E402
from lab.round_guest import hang_up  # noqa: E402
from qmp import Qmp  # noqa: E402

RUNS_OF_SLOW_ONES = min(RUNS, 3)
LEVEL_31 = ["zero", "cache", "cache-private", "user", "free"]
SAID = re.compile(r" in ([0-9.]+) s, guest stopped for ([0-9.]+) s")


class LinuxGuest:
    """QEMU with a guest that make-linux-guest.sh has booted, on tmpfs."""

    def __init__(self, lab):
        self.lab, self.folder = lab, lab.path("guest")
        subprocess.run([ROOT / "scripts" / "make-linux-guest.sh", "--memory", str(MEMORY_MIB), "--fill", str(FILL_MIB), "--keep",
                        self.folder], stdout=subprocess.DEVNULL, check=True)
        with open(self.folder + "/qemu.pid") as file:
            self.pid = int(file.read())
        for name in ("ref.elf", "ref-paging.elf", "ref.zlib"):
            os.unlink(os.path.join(self.folder, name))
        self.socket_path, self._qmp = self.folder + "/qmp.sock", None
        self.qmp("cont")
        hang_up(self)

    @property
    def qmp(self):
        self._qmp = self._qmp or Qmp(self.socket_path, timeout=900)
        return self._qmp

    def end(self):
        self.qmp("quit")
        while os.path.exists("/proc/%d" % self.pid):
            time.sleep(0.1)


class Dumps:
    """The dumps of a guest: their sizes, and for how long the guest stood still."""

    def __init__(self, lab, guest):
        self.lab, self.guest, self.sizes, self.stops = lab, guest, {}, {}

    def ours(self, name, *options):
        def run():
            said = self.lab.run(program("guestdump"), "dump", "--qmp", self.guest.socket_path, *options, self.target(name), timeout=900)
            seconds, stop = map(float, SAID.search(said).groups())
            return self.note(name, seconds, stop)
        return second_of(run)

    def qemus(self, name, form):
        def run():
            qmp, begin = self.guest.qmp, time.monotonic()
            qmp("dump-guest-memory", paging=False, protocol="file:" + self.target(name), format=form)
            seconds = time.monotonic() - begin
            hang_up(self.guest)
            return self.note(name, seconds, seconds)  # QEMU resumes its guest at the end
        return run

    def restored(self, name, source, **arguments):
        return second_of(lambda: self.note(name, fresh_dump(self.lab.vm, ["-restore", source], self.target(name), **arguments)))

    def makedumpfile(self, name, source):
        return second_of(lambda: self.note(name, timed(
            lambda: self.lab.run("makedumpfile", "-l", "-d", "31", source, self.target(name), timeout=900))))

    def target(self, name):
        path = self.lab.path(name)
        if os.path.exists(path):
            os.unlink(path)
        return path

    def note(self, name, seconds, stop=None):
        self.sizes[name] = os.stat(self.lab.path(name)).st_blocks * 512
        os.unlink(self.lab.path(name))
        if stop is not None:
            self.stops.setdefault(name, []).append(stop)
        return seconds

    def tell(self, report, times):
        for name, seconds in times.items():
            stop = "; guest stopped for %.3f s" % statistics.median(self.stops[name]) if name in self.stops else ""
            report.note("%-24s %7.3f s%s; %.1f MiB" % (name, seconds, stop, self.sizes[name] / MIB))


def in_use(lab, guest):
    """MiB of the guest's memory that its kernel does not count as free."""
    report = json.loads(lab.run(program("guestdump"), "report", "--json", "--time-limit", "60", "--qmp", guest.socket_path))
    sizes = {use["name"]: use["bytes"] for use in report["memory"]}
    check("free" in sizes, "the guest does not tell its free memory: %s", report["warnings"])
    return (sizes["total"] - sizes["free"]) // MIB


def at_least(report, what, asked, measured):
    report.row(what, ">= %g" % asked, "%.1f" % measured, measured >= asked)


def at_most(report, what, asked, measured):
    report.row(what, "<= %g" % asked, "%.3f" % measured, measured <= asked)


def main():
    need("makedumpfile")
    report = Report("a Linux guest in use, with and without -d 31")
    with tmpfs_lab(6 * MEMORY_MIB * MIB) as lab:
        guest = LinuxGuest(lab)
        try:
            compare(report, lab, guest)
        finally:
            guest.end()
    return report.missed > 0


def compare(report, lab, guest):
    report.note("a guest of %d MiB, of which %d are in use, in QEMU; all files on tmpfs" % (MEMORY_MIB, in_use(lab, guest)))
    dumps, whole = Dumps(lab, guest), lab.path("whole")
    lab.run(program("guestdump"), "dump", "--qmp", guest.socket_path, whole)
    times = in_turn(RUNS_OF_SLOW_ONES,
                    **{"elf": dumps.ours("elf", "--format", "elf"),
                       "kdump-zlib": dumps.ours("kdump-zlib", "--format", "kdump-zlib"),
                       "kdump-zlib -d 31": dumps.ours("kdump-zlib -d 31", "--format", "kdump-zlib", "-d", "31"),
                       "QEMU elf": dumps.qemus("QEMU elf", "elf"),
                       "QEMU kdump-zlib": dumps.qemus("QEMU kdump-zlib", "kdump-zlib"),
                       "restored -d 31": dumps.restored("restored -d 31", whole, fmt="kdump-zlib", exclude=LEVEL_31),
                       "makedumpfile -l -d 31": dumps.makedumpfile("makedumpfile -l -d 31", whole)})
    dumps.tell(report, times)
    qemu, ours = times["QEMU kdump-zlib"], times["kdump-zlib -d 31"]
    at_least(report, "elf, from outside: times as fast as QEMU", 4, times["QEMU elf"] / times["elf"])
    at_least(report, "kdump-zlib, from outside: times as fast as QEMU", 10, qemu / times["kdump-zlib"])
    at_least(report, "-d 31, from outside: times as fast as QEMU's whole file", 50, qemu / ours)
    at_least(report, "-d 31, by guestdump-vm: times as fast as QEMU's whole file", 60, qemu / times["restored -d 31"])
    at_most(report, "-d 31: file, as a share of QEMU's", 0.1, dumps.sizes["kdump-zlib -d 31"] / dumps.sizes["QEMU kdump-zlib"])
    for name in ("kdump-zlib -d 31", "restored -d 31"):
        at_most(report, "%s: share of makedumpfile's time" % name, 0.5, times[name] / times["makedumpfile -l -d 31"])
    stops = {name: statistics.median(values) for name, values in dumps.stops.items()}
    at_most(report, "-d 31: guest stop, as a share of the stop by QEMU", 1 / 50, stops["kdump-zlib -d 31"] / stops["QEMU kdump-zlib"])


if __name__ == "__main__":
    sys.exit(main())
