#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest passes its note with -device vmcoreinfo, to guestdump-vm and to QEMU: it is in dumps, query-vmcoreinfo and
cores.
"""
import os
import struct
import time

from lab import ROOT, Skip, case, check, check_equal, kvm_works, need, program, run_cases
from lab.process_cores import may_dump_core, some_core
from vmcore import Elf

RELEASE = "6.1.0-by-fw-cfg"
SCRIPT = ROOT / "scripts" / "dump-guest-memory.py"


def guest_file(name):
    return os.path.join(os.path.dirname(os.path.dirname(program("guestdump-vm"))), "tests", "guests", name)


def start(lab, *options, image=None):
    if not kvm_works():
        raise Skip("/dev/kvm does not work here")
    return lab.vm("-accel", "kvm", "-m", "16M", "-device", "loader,file=%s,addr=0x100000" % (image or guest_file("vmcoreinfo.bin")),
                  *options, cwd=lab.folder, preexec_fn=may_dump_core)


def steps(machine, path):
    machine.dump(path)
    return struct.unpack("<Ii", Elf(path).read(0x200000, 8))


def dump_when_done(machine, path):
    """Dumps when the guest has finished."""
    end = time.monotonic() + 30
    while steps(machine, path) != (5, 0):
        check(time.monotonic() < end, "the guest got as far as %s", steps(machine, path))
        time.sleep(0.02)
    return Elf(path)


@case
def the_note_is_in_dumps_and_in_query_vmcoreinfo(lab):
    machine = start(lab, "-device", "vmcoreinfo")
    vmcore = dump_when_done(machine, lab.path("vmcore"))
    check_equal(vmcore.vmcoreinfo(), {"OSRELEASE": RELEASE, "PAGESIZE": "4096"}, "VMCOREINFO")
    check(RELEASE in str(machine.qmp("query-vmcoreinfo")), "query-vmcoreinfo says %s", machine.qmp("query-vmcoreinfo"))
    machine.dump(lab.path("kdump"), "kdump-zlib")
    check("OSRELEASE=" + RELEASE in lab.run(program("guestdump"), "info", "--vmcoreinfo", lab.path("kdump")), "not in kdump")


@case
def it_is_the_note_that_qemu_gets_from_the_same_guest(lab):
    machine = start(lab, "-device", "vmcoreinfo")
    ours = dump_when_done(machine, lab.path("ours"))
    firmware = bytearray(open(guest_file("firmware.bin"), "rb").read())
    struct.pack_into("<I", firmware, 0x3fff8, 0x100000)
    with open(lab.path("firmware"), "wb") as file:
        file.write(firmware)
    qemu = lab.qemu("-m", "16M", "-bios", lab.path("firmware"), "-device", "vmcoreinfo",
                    "-device", "loader,file=%s,addr=0x100000,force-raw=on" % guest_file("vmcoreinfo.bin"))
    theirs = dump_when_done(qemu, lab.path("theirs"))
    note, = [note for note in theirs.notes if note.name == "VMCOREINFO"]
    check(note in ours.notes, "QEMU has %s, we have %s", note, ours.notes)


@case
def a_core_has_the_note_though_nothing_was_dumped_since(lab):
    machine = start(lab, "-device", "vmcoreinfo")
    machine.qmp("query-status")
    end = time.monotonic() + 30
    while RELEASE not in str(machine.qmp.request({"execute": "query-vmcoreinfo"})):
        check(time.monotonic() < end, "no note: %s", machine.qmp.request({"execute": "query-vmcoreinfo"}))
    lab.run(program("guestdump"), "extract", some_core(machine, lab), lab.path("vmcore"))
    check_equal(Elf(lab.path("vmcore")).vmcoreinfo()["OSRELEASE"], RELEASE, "OSRELEASE in the extracted vmcore")


@case
def without_the_device_nobody_answers(lab):
    machine = start(lab)
    time.sleep(0.2)
    check_equal(steps(machine, lab.path("vmcore"))[0], 0, "how far the guest got")


@case
def a_reset_takes_the_note_back(lab):
    machine = start(lab, "-device", "vmcoreinfo")
    dump_when_done(machine, lab.path("before"))
    machine.qmp("stop")
    machine.qmp("system_reset")
    machine.dump(lab.path("after"), **{"find-vmcoreinfo": False})
    check_equal(Elf(lab.path("after")).vmcoreinfo(), {}, "VMCOREINFO after a reset")
    machine.qmp("cont")
    dump_when_done(machine, lab.path("again"))


def forged_notes():
    """Guest images with a note that looks like one of the dump's own, and with one longer than what is passed."""
    with open(guest_file("vmcoreinfo.bin"), "rb") as file:
        image = file.read()
    at = image.index(b"VMCOREINFO\0")
    yield image[:at] + b"QEMU".ljust(11, b"\0") + image[at + 11:]
    yield image[:at - 8] + struct.pack("<I", 1 << 20) + image[at - 4:]


@case
def out_of_a_core_come_no_notes_that_the_guest_forged(lab):
    need("gdb")
    for number, image in enumerate(forged_notes()):
        path, ours, theirs = (lab.path("%s%d" % (name, number)) for name in ("image", "ours", "theirs"))
        with open(path, "wb") as file:
            file.write(image)
        machine = start(lab, "-device", "vmcoreinfo", image=path)
        dump_when_done(machine, lab.path("vmcore"))
        core = some_core(machine, lab)
        check("warning: Invalid guest note header" in lab.run(program("guestdump"), "extract", core, ours), "no warning")
        said = lab.run("gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT, "-ex", "core-file " + core, "-ex", "dump-guest-memory " + theirs)
        check("warning: the guest's note" in said, "gdb's command said %s", said)
        names = [(note.name, note.type) for note in Elf(theirs).notes]
        check_equal(names, [("CORE", 1), ("QEMU", 0)], "notes of gdb's vmcore")
        check_equal(Elf(ours).notes, Elf(theirs).notes, "notes of ours")
        os.unlink(core)


if __name__ == "__main__":
    run_cases()
