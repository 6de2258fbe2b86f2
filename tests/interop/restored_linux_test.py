#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Linux guest, frozen under QEMU, restored from QEMU's own ELF dump and dumped again: nothing is lost or
changed.
"""
import os
import re
import subprocess
import threading

from lab import case, check, check_equal, kernel_symbols, linux_guest, need, run_cases
from vmcore import Elf, difference


def reference():
    return os.path.join(linux_guest(), "ref.elf")


def restored_dump(lab, **arguments):
    path = lab.path("vmcore")
    machine = lab.vm("-restore", reference())
    machine.dump(path, **arguments)
    return path


@case
def every_note_is_byte_identical_to_qemus(lab):
    ours, qemus = Elf(restored_dump(lab)), Elf(reference())
    names = [note.name for note in qemus.notes]
    check_equal(names, ["CORE", "CORE", "QEMU", "QEMU", "VMCOREINFO"], "QEMU's notes")
    check_equal([note.name for note in ours.notes], names, "our notes")
    check_equal(ours.note_bytes, qemus.note_bytes, "the payload of PT_NOTE")


@case
def every_page_and_every_range_is_qemus(lab):
    ours, qemus = Elf(restored_dump(lab)), Elf(reference())
    check_equal(difference(ours, qemus), None, "the difference")
    check_equal((ours.bits, ours.machine, ours.type), (qemus.bits, qemus.machine, qemus.type), "class, machine and type")


@case
def header_says_its_own_size_and_program_headers_follow_it(lab):
    ours, qemus = Elf(restored_dump(lab)), Elf(reference())
    check_equal((ours.ehsize, ours.phoff), (64, 64), "e_ehsize and e_phoff")
    check_equal((ours.shnum, ours.shoff), (0, 0), "section headers that nobody needs")
    # QEMU's values, which makedumpfile cannot open. This should fail with a QEMU that corrects them.
    check_equal((qemus.ehsize, qemus.phoff), (8, 192), "QEMU's e_ehsize and e_phoff")


@case
def memory_lies_on_page_boundaries_and_zero_pages_are_holes(lab):
    path = restored_dump(lab)
    ours = Elf(path)
    check_equal({load.offset % 4096 for load in ours.loads}, {0}, "offsets in the page")
    check_equal({load.align for load in ours.loads}, {0}, "p_align")  # 4096 makes crash take it for netdump
    zero = sum(1 for load in ours.loads for at in range(load.offset, load.offset + load.filesz, 4096)
               if not any(ours.data[at:at + 4096]))
    saved = os.stat(path).st_size - os.stat(path).st_blocks * 512
    check(saved > zero * 4096 * 0.9, "%d zero pages, but only %d bytes are not allocated", zero, saved)


@case
def readelf_has_nothing_to_complain_about(lab):
    need("readelf")
    listing = lab.run("readelf", "--file-header", "--program-headers", "--notes", "--wide", restored_dump(lab))
    check(not re.search(r"warning|error|corrupt", listing, re.I), "readelf: %s", listing)
    check("CORE (Core file)" in listing and listing.count("NT_PRSTATUS") == 2, "readelf: %s", listing)


@case
def crash_finds_the_kernels_release(lab):
    need("crash")
    path = restored_dump(lab)
    check_equal(lab.run("crash", "--osrelease", path).strip(), Elf(path).vmcoreinfo()["OSRELEASE"], "crash --osrelease")


@case
def makedumpfile_filters_ours_though_it_cannot_open_qemus(lab):
    need("makedumpfile", "crash")
    path, small = restored_dump(lab), lab.path("filtered")
    lab.run("makedumpfile", "-c", "-d", "31", path, small)
    check(0 < os.stat(small).st_size < os.stat(path).st_size / 4, "filtered to %d bytes", os.stat(small).st_size)
    check_equal(lab.run("crash", "--osrelease", small).strip(), Elf(path).vmcoreinfo()["OSRELEASE"], "crash --osrelease")
    refusal = lab.run("makedumpfile", "-c", "-d", "31", reference(), lab.path("refused"), status=None)
    check("Can't get the number of PT_LOAD" in refusal, "of QEMU's file it says: %s", refusal)


@case
def gdb_shows_every_vcpu_with_its_registers(lab):
    need("gdb")
    path = restored_dump(lab)
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "info threads",
                   "-ex", "thread apply all -ascending info registers rip rsp rbx")
    expected = Elf(path).general_registers()
    check_equal(len(re.findall(r"^[* ] +\d+ +LWP \d+", said, re.M)), len(expected), "threads in: " + said)
    for name in ("rip", "rsp", "rbx"):
        found = [int(value, 16) for value in re.findall(r"^%s +(0x[0-9a-f]+)" % name, said, re.M)]
        check_equal(found, [registers[name] for registers in expected], name + " of the threads")


@case
def gdb_reads_memory_by_the_addresses_of_the_program_headers(lab):
    need("gdb")
    path = restored_dump(lab)
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "x/4xb 0xfffffff0")
    found = bytes(int(byte, 16) for byte in re.findall(r"\b0x([0-9a-f]{2})\b", said.split("0xfffffff0:")[1]))
    check_equal(found, Elf(path).read(0xfffffff0, 4), "the bytes at the reset vector")


@case
def a_byte_of_memory_still_comes_with_all_notes(lab):
    path = restored_dump(lab, begin=0x1000, length=1)
    ours, qemus = Elf(path), Elf(reference())
    check_equal(ours.ranges(), [(0x1000, 1)], "ranges")
    check_equal(ours.read(0x1000, 1), qemus.read(0x1000, 1), "the byte")
    check_equal(ours.note_bytes, qemus.note_bytes, "notes")


@case
def a_range_holds_exactly_what_it_was_asked_for(lab):
    path = restored_dump(lab, begin=0x123456, length=0x345678)
    check_equal(Elf(path).ranges(), [(0x123456, 0x345678)], "ranges")
    check_equal(Elf(path).read(0x123456, 0x345678), Elf(reference()).read(0x123456, 0x345678), "contents")


@case
def a_passed_file_descriptor_gets_the_same_bytes(lab):
    machine = lab.vm("-restore", reference())
    machine.dump(lab.path("by-name"))
    with open(lab.path("by-descriptor"), "wb") as target:
        machine.qmp("getfd", fds=[target.fileno()], fdname="target")
        machine.qmp("dump-guest-memory", paging=False, protocol="fd:target")
    lab.run("cmp", lab.path("by-name"), lab.path("by-descriptor"))


@case
def a_pipe_gets_the_same_bytes(lab):
    machine = lab.vm("-restore", reference())
    machine.dump(lab.path("by-name"))
    reader, writer = os.pipe()
    with open(lab.path("through-pipe"), "wb") as target:
        copier = subprocess.Popen(["cat"], stdin=reader, stdout=target)
    os.close(reader)
    machine.qmp("getfd", fds=[writer], fdname="pipe")
    os.close(writer)
    machine.qmp("dump-guest-memory", paging=False, protocol="fd:pipe")
    check_equal(copier.wait(60), 0, "cat's exit status: the pipe was closed")
    lab.run("cmp", lab.path("by-name"), lab.path("through-pipe"))


@case
def restoring_our_own_dump_gives_the_same_dump_again(lab):
    first, second = restored_dump(lab), lab.path("second")
    lab.vm("-restore", first).dump(second)
    lab.run("cmp", first, second)


@case
def a_restored_machine_is_paused_and_stays_so(lab):
    machine = lab.vm("-restore", reference())
    before = machine.qmp("query-status")
    check_equal(before["running"], False, "running")
    machine.dump(lab.path("vmcore"))
    check_equal(machine.qmp("query-status"), before, "status after the dump")
    names = [event["event"] for event in machine.qmp.events]
    check_equal(names, ["DUMP_COMPLETED"], "events: nothing was stopped, nothing resumed")
    machine.quit()


@case
def eight_clients_ask_for_the_status_during_dumps(lab):
    """A machine has several monitors; a client that waits for a dump does not block the others."""
    names = [lab.path("monitor%d" % number) for number in range(8)]
    options = [word for name in names for word in ("-qmp", "unix:%s,server=on,wait=off" % name)]
    machine = lab.vm("-restore", reference(), *options)
    check(machine.qmp("query-status"), "no status")
    from qmp import Qmp
    sessions = [Qmp(name) for name in names]
    dumping = threading.Thread(target=machine.dump, args=(lab.path("vmcore"),))
    dumping.start()
    for session in sessions * 20:
        check(session("query-dump")["status"] in ("none", "active", "completed"), "a dump failed")
    dumping.join(60)
    check_equal(sessions[0]("query-dump")["status"], "completed", "status")


@case
def crash_gives_the_same_answers_with_the_kernels_debug_symbols(lab):
    symbols = kernel_symbols()
    script = lab.path("commands")
    with open(script, "w") as out:
        out.write("sys\nps\nbt -a\nquit\n")
    ours, qemus = (re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", script, symbols, path, timeout=300))
                   for path in (restored_dump(lab), reference()))
    check_equal(ours, qemus, "what crash prints")


run_cases()
