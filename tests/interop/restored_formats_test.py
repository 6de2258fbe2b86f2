#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-restore accepts every kind of file that the readers know, and restores the guest in it."""
import os
import struct

from lab import case, check_equal, linux_guest, program, run_cases
from lab.process_cores import core_of_killed, may_dump_core
from vbox import write_as_virtualbox
from vmcore import Elf


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def restored_is(lab, path, expected):
    """Checks that a machine restored from @path has the memory, registers and note of @expected."""
    machine = lab.vm("-restore", path)
    check_equal(machine.qmp("query-status")["status"], "paused", "status")
    machine.dump(lab.path("again"))
    lab.run(program("guestdump"), "compare", lab.path("again"), expected)
    machine.quit()
    os.unlink(lab.path("again"))


@case
def elf_of_64_bits_with_and_without_virtual_addresses(lab):
    restored_is(lab, reference(), reference())
    restored_is(lab, reference("ref-paging.elf"), reference("ref-paging.elf"))  # QEMU leaves out unmapped memory


@case
def elf_of_32_bits(lab):
    """The dump of an i386, by literal offsets: 20 KiB of memory in two segments, one vCPU."""
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
    restored_is(lab, lab.path("theirs"), lab.path("ours"))  # "theirs" has no note; it is found in memory
    restored_is(lab, lab.path("ours"), reference())


@case
def file_without_notes_of_vcpus(lab):
    """It can be dumped in every format that `guestdump convert` can write of it, and the dumps are equal."""
    contents = os.urandom(0x3000)
    load = struct.pack("<IIQQQQQQ", 1, 7, 4096, 0, 0x1000, len(contents), len(contents), 0)
    header = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    with open(lab.path("bare"), "wb") as out:
        out.write((header + load).ljust(4096, b"\0") + contents)
    machine = lab.vm("-restore", lab.path("bare"))
    for form in ("elf", "kdump-zlib", "kdump-raw-zstd"):
        machine.qmp("dump-guest-memory", paging=False, protocol="file:" + lab.path("restored"), format=form)
        lab.run(program("guestdump"), "convert", "--format", form, lab.path("bare"), lab.path("converted"))
        lab.run(program("guestdump"), "compare", lab.path("restored"), lab.path("converted"))
        lab.run(program("guestdump"), "compare", lab.path("restored"), lab.path("bare"))


@case
def core_of_a_machine_that_was_killed(lab):
    machine = lab.vm("-restore", reference() + ",load=on", cwd=lab.folder, preexec_fn=may_dump_core)
    machine.qmp("query-status")
    restored_is(lab, core_of_killed(machine, lab), reference())


run_cases()
