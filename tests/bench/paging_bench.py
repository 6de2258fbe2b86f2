#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""paging=true for many small mappings: alone, compared with QEMU on the same RAM file and registers, and with hostile
page tables.

BENCH_QEMU_SECONDS (300) is the time limit for QEMU with the greatest number of mappings; it does not finish before
that.
"""
import contextlib
import mmap
import os
import random
import struct
import subprocess
import sys
import threading
import time

from bench import MIB, RUNS, Report, in_turn, tmpfs_lab
from lab import check, kvm_works
from paging_modes_test import ACCESSED, CHAIN, IMAGE, OWN, PARAMETERS, build_file, qemu_firmware
from page_tables import MODES, PAGE
from vmcore import Elf

MAPPINGS = 262144
SMALLER = [8192, 16384, 32768]  # QEMU finishes these soon
QEMU_SECONDS = float(os.environ.get("BENCH_QEMU_SECONDS", "300"))
FOUR_LEVEL = {mode.name: mode for mode in MODES}["four_level"]
PRESENT = 7 | ACCESSED
DIRECTORY, TABLES = 0x300000, 0x400000  # of the scattered pages
VIRTUAL = 0xffff800000000000


class ScatteredGuest:
    """A RAM file with @count consecutive virtual pages in random physical order, and the guest that enables this
    paging.
    """

    def __init__(self, lab, count):
        self.path, self.count = lab.path("ram%d" % count), count
        data = (TABLES + count * 8 + 2 * MIB - 1) // (2 * MIB) * 2 * MIB
        self.size = data + count * PAGE
        with open(self.path, "w+b") as file:
            file.truncate(self.size)
            with mmap.mmap(file.fileno(), 0) as ram:
                self._fill(ram, data)

    def _fill(self, ram, data):
        with open(build_file("tests", "guests", "paging.bin"), "rb") as file:
            image = file.read()
        ram[IMAGE:IMAGE + len(image)] = image
        struct.pack_into("<IIII", ram, PARAMETERS, CHAIN[0], FOUR_LEVEL.cr4, FOUR_LEVEL.efer, 0)
        for table, entry in zip(CHAIN, CHAIN[1:4]):
            struct.pack_into("<Q", ram, table, entry | PRESENT)
        for page in OWN:
            struct.pack_into("<Q", ram, CHAIN[3] + page // PAGE * 8, page | PRESENT)
        struct.pack_into("<Q", ram, CHAIN[0] + 256 * 8, CHAIN[4] | PRESENT)
        directories, tables = -(-self.count // (512 * 512)), -(-self.count // 512)
        for at, first, number in ((CHAIN[4], DIRECTORY, directories), (DIRECTORY, TABLES, tables)):
            struct.pack_into("<%dQ" % number, ram, at, *(first + i * PAGE | PRESENT for i in range(number)))
        order = list(range(self.count))
        random.Random(1).shuffle(order)
        struct.pack_into("<%dQ" % self.count, ram, TABLES, *(data + i * PAGE | PRESENT for i in order))

    def options(self):
        return ["-machine", "pc,memory-backend=ram", "-m", "%dM" % (self.size // MIB), "-vga", "none", "-object",
                "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=on" % (self.size // MIB, self.path)]

    def wait(self, machine):
        end = time.monotonic() + 60
        with open(self.path, "rb") as file:
            while os.pread(file.fileno(), 4, PARAMETERS + 16) != b"\1\0\0\0":
                check(time.monotonic() < end, "the guest did not turn paging on: %s", machine.said())
                time.sleep(0.02)
        machine.qmp("stop")


def ours(lab, guest):
    """guestdump-vm with the guest's RAM and state, which come from QEMU's dump if there is no KVM."""
    if kvm_works():
        machine = lab.vm(*guest.options(), "-accel", "kvm", "-device",
                         "loader,file=%s,addr=0x%x" % (build_file("tests", "guests", "paging.bin"), IMAGE))
        guest.wait(machine)
        return machine
    emulator = qemus(lab, guest)
    emulator.dump(lab.path("state"))
    emulator.kill()
    lab.run("cp", "--sparse=always", lab.path("state"), lab.path("sparse"))
    return lab.vm("-restore", lab.path("sparse"))


def qemus(lab, guest):
    machine = lab.qemu("-no-reboot", *guest.options(), "-bios", qemu_firmware(lab))
    guest.wait(machine)
    return machine


def dump_seconds(machine, target, limit):
    """Seconds of a paging=true dump; None if it did not end within @limit."""
    if os.path.exists(target):
        os.unlink(target)
    took = []

    def dump():
        with contextlib.suppress(OSError, EOFError):  # the machine was killed meanwhile
            took.append(machine.dump(target, paging=True))

    dumping = threading.Thread(target=dump, daemon=True)
    dumping.start()
    dumping.join(limit)
    return took[0] if took else None


def own_speed(report):
    """Walk, merge and program headers, inside one process and without copying memory."""
    program, target = build_file("tests", "bench", "paging-bench"), "/dev/shm/guestdump-paging-bench"
    seconds = {}

    def run(what):
        done = subprocess.run([program, str(what), target], capture_output=True, text=True, check=True)
        took, headers, mib = done.stdout.split()
        seconds.setdefault(what, []).append((float(took), int(headers), float(mib)))
        return float(took)

    whats = (MAPPINGS, 2 * MAPPINGS, "self-reference", "tables")
    times = in_turn(RUNS, **{str(what): lambda what=what: run(what) for what in whats})
    one, two = times[str(MAPPINGS)], times[str(2 * MAPPINGS)]
    report.row("%d scattered mappings, walked to headers in a file" % MAPPINGS, "< 0.2 s", "%.3f s" % one, one < 0.2)
    report.row("twice as many, times the time", "<= 2.3", "%.2f" % (two / one), two / one <= 2.3)
    for what in whats[2:]:
        took, memory = times[what], max(mib for _, _, mib in seconds[what])
        report.row("hostile: %s" % what, "< 1 s, 256 MiB", "%.3f s, %.0f MiB" % (took, memory), took < 1 and memory < 256)


def against_qemu(report):
    with tmpfs_lab(4 << 30) as lab:
        for count in (*SMALLER, MAPPINGS):
            guest = ScatteredGuest(lab, count)
            machine, target = ours(lab, guest), lab.path("target")
            fast = in_turn(RUNS, dump=lambda: dump_seconds(machine, target, 60))["dump"]
            headers = len(Elf(target).loads)
            machine.kill()
            machine = qemus(lab, guest)
            slow = dump_seconds(machine, target, QEMU_SECONDS)
            machine.kill()
            if slow is not None:
                report.note("%d mappings (%d headers): %.4f s, QEMU %.2f s, %.0f times" % (count, headers, fast, slow, slow / fast))
            ratio = (slow or QEMU_SECONDS) / fast
            os.unlink(guest.path)
        report.row("%d mappings, times as fast as QEMU" % MAPPINGS, ">= 100",
                   "%.0f" % ratio if slow else "more than %.0f (QEMU stopped after %.0f s)" % (ratio, QEMU_SECONDS), ratio >= 100)


def main():
    report = Report("paging=true")
    own_speed(report)
    against_qemu(report)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
