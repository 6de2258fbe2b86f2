#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-restore takes each kind of file that the readers know, and what it restores is the guest that was in it."""
import os
import struct

from lab import case, check_equal, linux_guest, program, run_cases
from lab.process_cores import core_of_killed, may_dump_core
from vbox import write_as_virtualbox
from vmcore import Elf


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def restored_is(lab, path, expected):
    """Whether a machine of the file at @path gives the memory, the registers and the note of @expected."""
    machine = lab.vm("-restore", path)
    check_equal(machine.qmp("query-status")["status"], "paused", "status")
    machine.dump(lab.path("again"))
    lab.run(program("guestdump"), "compare", lab.path("again"), expected)
    machine.quit()
    os.unlink(lab.path("again"))


@case
def elf_of_64_bits_with_and_without_virtual_addresses(lab):
    restored_is(lab, reference(), reference())
    restored_is(lab, reference("ref-paging.elf"), reference("ref-paging.elf"))  # QEMU leaves out what no mapping reaches


@case
def elf_of_32_bits(lab):
    """An i386's, by literal offsets: 20 KiB of memory in two segments, one vCPU."""
    registers = struct.pack("<17I", *range(0x1000, 0x1011))
    note = struct.pack("<III", 5, 144, 1) + b"CORE\0\0\0\0" + b"\0" * 72 + registers + b"\0" * 4
    memory = [(0x1000, os.urandom(0x3000)), (0x100000, os.urandom(0x2000))]
    at = 52 + 32 * (1 + len(memory))
    headers, body = struct.pack("<8I", 4, at, 0, 0, len(note), len(note), 0, 0), note
    for address, contents in memory:
        headers += struct.pack("<8I", 1, at + len(body), address, address, len(contents), len(contents), 0, 0)
        body += contents
    file = b"\x7fELF\1\1\1" + b"\0" * 9 + struct.pack("<HHIIIIIHHHHHH", 4, 3, 1, 0, 52, 0, 0, 52, 32, 1 + len(memory), 0, 0, 0)
    with open(lab.path("elf32"), "wb") as out:
        out.write(file + headers + body)
    machine = lab.vm("-restore", lab.path("elf32"))
    machine.dump(lab.path("again"))
    again = Elf(lab.path("again"))
    check_equal((again.bits, again.machine), (32, 3), "class and machine")
    check_equal([(load.paddr, again.read(load.paddr, load.filesz)) for load in again.loads], memory, "memory")
    found = again.notes[0].descriptor[72:140]
    check_equal(found[:44] + found[48:], registers[:44] + registers[48:], "registers of the PRSTATUS note but orig_eax")


@case
def kdump_raw_and_flattened_in_every_compression(lab):
    for name in ("zlib", "lzo", "snappy", "zstd"):
        for form in ("kdump-" + name, "kdump-raw-" + name):
            lab.run(program("guestdump"), "convert", "--format", form, reference(), lab.path(form))
            restored_is(lab, lab.path(form), reference())
            os.unlink(lab.path(form))


@case
def virtualbox_core(lab):
    write_as_virtualbox(lab.path("theirs"), Elf(reference()))
    lab.run(program("guestdump"), "convert", "--format", "vbox-core", reference(), lab.path("ours"))
    restored_is(lab, lab.path("theirs"), lab.path("ours"))  # the kernel's note, which theirs has not, is found
    restored_is(lab, lab.path("ours"), reference())


@case
def core_of_a_machine_that_was_killed(lab):
    machine = lab.vm("-restore", reference() + ",load=on", cwd=lab.folder, preexec_fn=may_dump_core)
    machine.qmp("query-status")
    restored_is(lab, core_of_killed(machine, lab), reference())


run_cases()
