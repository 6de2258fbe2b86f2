#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The preparation of a dump blocks no monitor, and can be cancelled.

The guest controls how long it takes. Here its memory contains no VMCOREINFO, and its interrupt table points nowhere, so
all memory is searched.
"""
import os
import struct
import time

from lab import case, check, check_equal, run_cases

SIZE = 256 << 20
TOP_TABLE = 0x1000


def note(name, kind, descriptor):
    def padded(data):
        return data + b"\0" * (-len(data) % 4)
    return struct.pack("<III", len(name) + 1, len(descriptor), kind) + padded(name + b"\0") + padded(descriptor)


def cpu_state():
    """The descriptor of a QEMU note, by literal offsets: long mode with empty page tables, so that the IDT is not
    mapped.
    """
    state = bytearray(struct.pack("<II", 1, 440).ljust(440, b"\0"))
    struct.pack_into("<IIIIQ", state, 368, 0, 0xfff, 0, 0, 0xffff800000001000)  # idt
    struct.pack_into("<5Q", state, 392, 0x80050033, 0, 0, TOP_TABLE, 0x20)  # cr0 to cr4
    return bytes(state)


def vmcore(path):
    notes = note(b"CORE", 1, b"\0" * 336) + note(b"QEMU", 0, cpu_state())
    block = os.urandom(1 << 20)
    with open(path, "wb") as out:
        out.write(b"\x7fELF\x02\x01\x01" + b"\0" * 9)
        out.write(struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0))
        out.write(struct.pack("<IIQQQQQQ", 4, 0, 176, 0, 0, len(notes), 0, 0))
        out.write(struct.pack("<IIQQQQQQ", 1, 0, 4096, 0, 0, SIZE, SIZE, 0))
        out.write(notes.ljust(4096 - 176, b"\0"))
        out.write(b"\0" * (TOP_TABLE + 4096))
        for at in range(TOP_TABLE + 4096, SIZE, len(block)):
            out.write(block[:SIZE - at])


@case
def a_search_through_all_memory_keeps_no_monitor_waiting_and_can_be_cancelled(lab):
    vmcore(lab.path("in"))
    machine = lab.vm("-restore", lab.path("in"))
    for form in ("elf", "kdump-zlib"):
        begin = time.monotonic()
        machine.qmp("dump-guest-memory", paging=False, protocol="file:" + lab.path("out"), format=form, detach=True)
        replied = time.monotonic()
        check_equal(machine.qmp("query-dump")["phase"], "prepare", "the phase after the reply")
        machine.qmp("dump-cancel")
        while machine.qmp("query-dump")["status"] == "active":
            time.sleep(0.001)
        print("# %s: replied after %.1f ms, had ended %.1f ms later" % (
            form, 1000 * (replied - begin), 1000 * (time.monotonic() - replied)), flush=True)
        check_equal(machine.qmp("query-dump")["status"], "failed", "the dump")
        check(not os.path.exists(lab.path("out")), "a file was left")


@case
def the_search_finds_nothing_and_the_dump_is_whole(lab):
    vmcore(lab.path("in"))
    machine = lab.vm("-restore", lab.path("in"))
    check_equal(machine.qmp("query-vmcoreinfo"), {}, "VMCOREINFO")
    machine.dump(lab.path("out"))
    check(os.path.getsize(lab.path("out")) > SIZE - (1 << 20), "memory is missing")


run_cases()
