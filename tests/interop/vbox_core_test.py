#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VirtualBox cores of a real Linux guest: an independent reader reads ours, we read an independent writer's, and
convert back to ELF.
"""
import json
import os
import re

from lab import case, check, check_equal, kernel_symbols, linux_guest, need, program, run_cases
from vbox import Vbox, state_of_qemu_note, write_as_virtualbox
from vmcore import Elf, difference


def reference():
    return os.path.join(linux_guest(), "ref.elf")


def convert(lab, source, name, *options):
    lab.run(program("guestdump"), "convert", *options, source, lab.path(name))
    return lab.path(name)


def info(lab, path):
    return json.loads(lab.run(program("guestdump"), "info", "--json", path))


def check_core(core, elf):
    check_equal(core.core()[:3] + core.core()[5:], (0xc01ac0de, 0x00010006, 24, len(elf.qemu_states())), "the core's descriptor")
    ours = [{**state, "efer": None} for state in core.states()]
    check_equal(ours, [{**state_of_qemu_note(note), "efer": None} for note in elf.qemu_states()], "vCPUs")
    check_equal([state["efer"] & 0xd00 for state in core.states()], [0xd00] * len(ours), "EFER: long mode")
    check_equal({load.vaddr for load in core.loads} | {load.align for load in core.loads}, {0}, "p_vaddr and p_align")
    check_equal({load.flags for load in core.loads}, {4}, "p_flags")
    check_equal(difference(core, elf), None, "the difference in memory")


@case
def the_command_writes_what_an_independent_reader_reads(lab):
    machine = lab.vm("-restore", reference())
    machine.dump(lab.path("core"), fmt="vbox-core")
    core, elf = Vbox(lab.path("core")), Elf(reference())
    check_core(core, elf)
    (low, low_size), (high, _) = elf.ranges()
    check_equal(core.holes(), [(low + low_size, high - low - low_size)], "ranges without contents")
    check("vbox-core" in machine.qmp("query-dump-guest-memory-capability")["formats"], "not in the list of formats")
    check_equal(machine.qmp.hmp("dump-guest-memory -v " + lab.path("by-hmp")), "", "HMP's answer")
    lab.run("cmp", lab.path("core"), lab.path("by-hmp"))


@case
def convert_writes_the_same_as_the_command(lab):
    lab.vm("-restore", reference()).dump(lab.path("core"), fmt="vbox-core")
    lab.run("cmp", lab.path("core"), convert(lab, reference(), "converted", "--format", "vbox-core"))
    part = Vbox(convert(lab, reference(), "part", "--format", "vbox-core", "--begin", "0x123456", "--length", "0x345678"))
    check_equal(part.ranges(), [(0x123456, 0x345678)], "ranges")


@case
def cores_of_an_independent_writer_are_read_in_every_known_format(lab):
    elf = Elf(reference())
    for core_format, size in ((0x00010004, 8768), (0x00010005, 8768), (0x00010006, 8776), (0x00010006, 8784)):
        path = lab.path("%x-%d" % (core_format, size))
        write_as_virtualbox(path, elf, core_format, size)
        told = info(lab, path)
        check_equal((told["format"], told["origin"], told["written-by"], told["warnings"]), ("vbox-core", "virtualbox", "virtualbox", []), "info")
        check_equal(told["kernel"]["release"], elf.vmcoreinfo()["OSRELEASE"], "release: the note is found in memory")
        lab.run(program("guestdump"), "verify", path)
        back = Elf(convert(lab, path, "back"))
        check_equal(difference(back, elf), None, "the difference in memory")
        check_equal(back.general_registers(), elf.general_registers(), "registers")
        check_equal([state_of_qemu_note(note) for note in back.qemu_states()],
                    [state_of_qemu_note(note) for note in elf.qemu_states()], "states")


@case
def what_is_not_known_or_damaged_is_refused_with_numbers(lab):
    write_as_virtualbox(lab.path("unknown"), Elf(reference()), 0x00010003)
    check_equal(lab.run(program("guestdump"), "info", lab.path("unknown"), status=2).strip(),
                "guestdump info: '%s': VirtualBox core format 0x00010003 is not known, 0x00010004 to 0x00010006 are" % lab.path("unknown"), "error")
    write_as_virtualbox(lab.path("short"), Elf(reference()), 0x00010006, 8768)
    check("has 8768 bytes, 8776 are needed" in lab.run(program("guestdump"), "info", lab.path("short"), status=2), "short vCPU")


@case
def there_and_back_is_the_same_guest(lab):
    core = convert(lab, reference(), "core", "--format", "vbox-core")
    lab.run(program("guestdump"), "compare", reference(), core)
    back = convert(lab, core, "back")
    lab.run(program("guestdump"), "compare", reference(), back)
    check_equal(Elf(back).vmcoreinfo(), Elf(reference()).vmcoreinfo(), "VMCOREINFO")
    need("crash")
    check_equal(lab.run("crash", "--osrelease", back).strip(), Elf(reference()).vmcoreinfo()["OSRELEASE"], "crash --osrelease")


@case
def crash_prints_the_same_after_the_way_there_and_back(lab):
    need("crash")
    symbols, script = kernel_symbols(), lab.path("commands")
    with open(script, "w") as out:
        out.write("sys\nps\nbt -a\nquit\n")
    back = convert(lab, convert(lab, reference(), "core", "--format", "vbox-core"), "back")
    ours, qemus = (re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", script, symbols, path, timeout=300))
                   for path in (back, reference()))
    check_equal(ours, qemus, "what crash prints")


@case
def a_machine_is_restored_from_a_core(lab):
    write_as_virtualbox(lab.path("core"), Elf(reference()))
    machine = lab.vm("-restore", lab.path("core"))
    check_equal(machine.qmp("query-status")["running"], False, "running")
    machine.dump(lab.path("again"), fmt="vbox-core")
    check_core(Vbox(lab.path("again")), Elf(reference()))


run_cases()
