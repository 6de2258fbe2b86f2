#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The note of a live dump: `guestdump info` reads it, `convert` keeps it, and other readers ignore it.

The guest is a real Linux, in a file to which the note is added here, because no Linux runs on guestdump-vm.
"""
import json
import os
import struct
import subprocess

import lab
from lab import case, check, check_equal, linux_guest, need, need_module, program, run_cases

NANOSECONDS, SECONDS, STOPPED = 123456789, 1_800_000_000, 4321
PT_NOTE = 4


def live_note():
    """docs/live.md: version, nanoseconds, seconds, microseconds of the stop."""
    name = b"GUESTDUMP\0"
    return struct.pack("<III", len(name), 24, 0x4556494c) + name.ljust(12, b"\0") + struct.pack(
        "<IIQQ", 1, NANOSECONDS, SECONDS, STOPPED)


def with_note(machine_lab):
    """guestdump's dump of the Linux guest, whose notes are moved to the end of the file and followed by ours."""
    path = machine_lab.path("with-note")
    machine_lab.run(program("guestdump"), "convert", os.path.join(linux_guest(), "ref.elf"), path)
    with open(path, "r+b") as file:
        header = file.read(64)
        phoff, = struct.unpack_from("<Q", header, 32)
        phentsize, phnum = struct.unpack_from("<HH", header, 54)
        for number in range(phnum):
            file.seek(phoff + number * phentsize)
            kind, _, offset, _, _, size = struct.unpack("<IIQQQQ", file.read(40))
            if kind == PT_NOTE:
                break
        file.seek(offset)
        notes = file.read(size) + live_note()
        end = file.seek(0, os.SEEK_END)
        file.write(notes)
        file.seek(phoff + number * phentsize + 8)
        file.write(struct.pack("<Q", end))
        file.seek(phoff + number * phentsize + 32)
        file.write(struct.pack("<QQ", len(notes), len(notes)))
    return path


def converted(machine_lab):
    source = with_note(machine_lab)
    for name in ("elf", "kdump-zlib", "kdump-raw-zlib", "vbox-core"):
        path = machine_lab.path(name)
        machine_lab.run(program("guestdump"), "convert", "--format", name, source, path)
        yield name, path


@case
def info_prints_the_moment_of_every_format(machine_lab):
    for name, path in converted(machine_lab):
        info = json.loads(machine_lab.run(program("guestdump"), "info", "--json", path))
        check_equal(info.get("live"), {"date-sec": SECONDS, "date-nsec": NANOSECONDS, "stop-time": STOPPED}, name)
        text = machine_lab.run(program("guestdump"), "info", path)
        check("2027-01-15T08:00:00Z, for which it was stopped for 4321 us" in text, "%s: %s", name, text)
        check("Linux 6" in text, "%s: the VMCOREINFO is not found: %s", name, text)


@case
def crash_ignores_the_note(machine_lab):
    need("crash")
    for name, path in converted(machine_lab):
        if name == "vbox-core":
            continue
        said = machine_lab.run("crash", "--osrelease", path)
        check("6." in said and "unknown" not in said, "%s: %s", name, said)


@case
def makedumpfile_ignores_the_note(machine_lab):
    need("makedumpfile")
    for name, path in converted(machine_lab):
        if name == "elf":  # of this kernel's kdump files it filters none, with the note or without
            said = machine_lab.run("makedumpfile", "-c", "-d", "31", path, machine_lab.path("filtered-" + name))
            check("Completed" in said or "saved to" in said, "%s: %s", name, said)


@case
def drgn_and_libkdumpfile_ignore_the_note(machine_lab):
    need_module("drgn")
    need_module("kdumpfile")
    script = ("import drgn, kdumpfile, sys; p = drgn.Program(); p.set_core_dump(sys.argv[1]); "
              "k = kdumpfile.kdumpfile(sys.argv[1]); "
              "print(p['UTS_RELEASE'].string_(), k.attr['linux.uts.release'])")
    for name, path in converted(machine_lab):
        if name in ("elf", "kdump-raw-zlib"):
            done = subprocess.run([lab.PYTHON, "-c", script, path], capture_output=True, text=True)
            check(done.returncode == 0 and "b'6." in done.stdout, "%s: %s%s", name, done.stdout, done.stderr)


@case
def gdb_ignores_the_note(machine_lab):
    need("gdb")
    for name, path in converted(machine_lab):
        if name == "elf":
            said = machine_lab.run("gdb", "-batch", "-ex", "info threads", "-c", path)
            check("1 " in said and "warning" not in said.lower(), "%s", said)


if __name__ == "__main__":
    run_cases()
