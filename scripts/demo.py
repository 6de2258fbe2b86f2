#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps two guests, opens the dumps, and prints a table of the results: demo.py [running|linux].

demo.sh runs this, after building and booting; without an argument it dumps both guests.
"""
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "interop"))

from lab import Lab, check, check_equal, kvm_works, linux_guest  # noqa: E402
from lab.counting_guest import CountingGuest  # noqa: E402  (these three found through the line above)
from vmcore import Elf, difference  # noqa: E402

VCPUS, MIB = 4, 1 << 20


class Table:
    def __init__(self):
        self.failed = 0

    def section(self, title):
        print("\n%s" % title, flush=True)

    def prove(self, what, proof):
        """Prints what @proof returns, or why it failed."""
        try:
            found, mark = proof(), "ok"
        except Exception as error:  # the other checks still run
            found, mark = str(error), "FAILED"
            self.failed += 1
        print("  %-6s  %-22s %s" % (mark, what, found), flush=True)


def file_size(path):
    status = os.stat(path)
    return "%.1f MiB, %.1f MiB of it on disk" % (status.st_size / MIB, status.st_blocks * 512 / MIB)


def readelf(lab, path):
    said = lab.run("readelf", "--file-header", "--program-headers", "--notes", "--wide", path)
    check(not re.search(r"warning|error|corrupt", said, re.I), "%s", said)
    return "an ELF core file, %d program headers, no warnings" % len(Elf(path).segments)


def gdb_registers(lab, path, name):
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "info threads",
                   "-ex", "thread apply all -ascending info registers " + name)
    threads = re.findall(r"^[* ] +\d+ +LWP \d+", said, re.M)
    return len(threads), [int(value, 16) for value in re.findall(r"^%s +(0x[0-9a-f]+)" % name, said, re.M)]


def running_guest(table, lab):
    accel = "kvm" if kvm_works() else "synthetic"
    guest = CountingGuest(lab, accel, VCPUS)
    path = lab.path("running.vmcore")
    table.section("A running guest: %s, %d vCPUs, %d MiB, a 64-bit test guest that counts" % (accel, VCPUS, guest.MIB))

    def dump():
        seconds = guest.machine.dump(path)
        events = {event["event"]: event["timestamp"] for event in guest.machine.qmp.events}
        check({"STOP", "RESUME", "DUMP_COMPLETED"} <= set(events), "events: %s", list(events))
        stood = events["RESUME"]["seconds"] - events["STOP"]["seconds"] + \
            (events["RESUME"]["microseconds"] - events["STOP"]["microseconds"]) / 1e6
        return "%.3f s, guest stopped for %.3f s; %s" % (seconds, stood, file_size(path))

    def goes_on():
        check_equal(guest.machine.qmp("query-status")["status"], "running", "status")
        before = guest.counters(Elf(path))
        time.sleep(0.2)
        guest.machine.dump(lab.path("later"))
        after = guest.counters(Elf(lab.path("later")))
        check(all(b > a for a, b in zip(before, after)), "counters %s, then %s", before, after)
        return "running again; vCPU 0 counted %d, later %d" % (before[0], after[0])

    def gdb():
        threads, values = gdb_registers(lab, path, "rbx")
        check_equal((threads, values), (VCPUS, guest.counters(Elf(path))), "threads and their RBX")
        return "%d threads; RBX of each equals its counter in memory" % threads

    table.prove("dump", dump)
    table.prove("stop and resume", goes_on)
    table.prove("readelf", lambda: readelf(lab, path))
    table.prove("gdb", gdb)


def linux(table, lab):
    reference = os.path.join(linux_guest(), "ref.elf")
    machine, path = lab.vm("-restore", reference), lab.path("linux.vmcore")
    release = Elf(reference).vmcoreinfo()["OSRELEASE"]
    table.section("A Linux guest that was stopped under QEMU, restored from QEMU's dump")

    def same():
        ours, qemus = Elf(path), Elf(reference)
        check_equal(ours.note_bytes, qemus.note_bytes, "notes")
        check_equal(difference(ours, qemus), None, "memory")
        return "%d notes are equal byte for byte, and so are %d MiB of memory" % (len(ours.notes), sum(size for _, size in ours.ranges()) / MIB)

    def makedumpfile():
        small = lab.path("small")
        lab.run("makedumpfile", "-c", "-d", "31", path, small)
        refusal = lab.run("makedumpfile", "-c", "-d", "31", reference, lab.path("refused"), status=None)
        check("Can't get the number of PT_LOAD" in refusal, "of QEMU's file: %s", refusal)
        return "-c -d 31 filters it to %.1f MiB; cannot open QEMU's own file" % (os.stat(small).st_size / MIB)

    def crash():
        found = lab.run("crash", "--osrelease", path).strip()
        check_equal(found, release, "release")
        return "finds Linux " + found

    def gdb():
        threads, values = gdb_registers(lab, path, "rip")
        check_equal(values, [registers["rip"] for registers in Elf(path).general_registers()], "rip")
        return "%d threads at %s" % (threads, " ".join("0x%x" % value for value in values))

    table.prove("dump", lambda: "%.3f s; %s" % (machine.dump(path), file_size(path)))
    table.prove("same as QEMU's", same)
    table.prove("readelf", lambda: readelf(lab, path))
    table.prove("gdb", gdb)
    table.prove("makedumpfile", makedumpfile)
    table.prove("crash", crash)


def main(chosen):
    table = Table()
    guests = {"running": running_guest, "linux": linux}
    with Lab() as lab:
        for name in chosen or guests:
            guests[name](table, lab)
    print("\n%s" % ("all checks succeeded" if not table.failed else "%d checks failed" % table.failed))
    return table.failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
