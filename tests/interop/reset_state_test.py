#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that has just been reset, in QEMU and in guestdump-vm, with the same RAM file and firmware.

docs/formats.md, "Differences from QEMU", lists what differs, and why.
"""
import os
import struct

from lab import case, check, check_equal, run_cases
from vmcore import Elf, difference

MIB, GIB = 1 << 20, 1 << 30
FIRMWARE = "/usr/share/seabios/bios-256k.bin"


class Pair:
    """Both emulators on one RAM file, QEMU first. Ours runs no guest code, so that its processor is QEMU's default."""

    def __init__(self, lab, machine, mib, vcpus=2):
        self.lab, ram = lab, lab.path("ram-%s-%d" % (machine, mib))
        with open(ram, "wb") as out:
            out.truncate(mib * MIB)
            for at in range(0, min(mib, 64) * MIB, 3 * MIB + 0x5000):
                out.seek(at)
                out.write(struct.pack("<Q", at + 1) * 64)
        options = ["-S", "-machine", machine + ",memory-backend=ram", "-m", "%dM" % mib, "-smp", str(vcpus),
                   "-object", "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=off" % (mib, ram),
                   "-vga", "none", "-bios", FIRMWARE]
        self.machines = [lab.qemu(*options), lab.vm("-accel", "synthetic", *options)]

    def dumps(self, **arguments):
        paths = [self.lab.path("dump%d" % number) for number in range(2)]
        for machine, path in zip(self.machines, paths):
            machine.dump(path, **arguments)
        return [Elf(path) for path in paths]


@case
def class_machine_and_notes_are_those_of_a_pc_before_long_mode(lab):
    for whose, elf in zip(("QEMU's", "our"), Pair(lab, "q35", 64).dumps()):
        # Firmware that ends at 4 GiB determines the class, and the first vCPU's LMA the machine.
        check_equal((elf.bits, elf.machine), (64, 3), whose + " class and machine")
        check_equal([(note.name, note.type, len(note.descriptor)) for note in elf.notes],
                    [("CORE", 1, 144)] * 2 + [("QEMU", 0, 440)] * 2, whose + " notes")


@case
def every_byte_of_every_note_is_the_same(lab):
    qemus, ours = Pair(lab, "q35", 64, vcpus=3).dumps()
    for mine, theirs in zip(ours.notes, qemus.notes):
        check_equal((mine.name, mine.type), (theirs.name, theirs.type), "note")
        differing = sorted({at // 4 * 4 for at, (a, b) in enumerate(zip(mine.descriptor, theirs.descriptor)) if a != b})
        check(not differing, "%s notes differ at offsets %s: ours %s, QEMU's %s", mine.name, differing,
              [mine.descriptor[at:at + 4].hex() for at in differing], [theirs.descriptor[at:at + 4].hex() for at in differing])


@case
def ranges_and_contents_are_the_same(lab):
    for machine in ("pc", "q35"):
        qemus, ours = Pair(lab, machine, 64).dumps()
        check_equal(ours.ranges(), qemus.ranges(), "ranges of " + machine)
        check_equal(difference(ours, qemus), None, "the difference with " + machine)


@case
def the_pci_hole_is_where_qemu_has_it(lab):
    # Sizes on both sides of those at which the hole's start moves; only the edges are dumped.
    for machine, mib, hole in (("pc", 3584, 3584), ("pc", 3840, 3072), ("q35", 2816, 2816), ("q35", 3072, 2048)):
        pair = Pair(lab, machine, mib, vcpus=1)
        for begin, length in ((hole * MIB - MIB, 4 * GIB + 2 * MIB - hole * MIB), (4 * GIB + (mib - hole) * MIB - MIB, 2 * MIB)):
            if begin < 4 * GIB or mib > hole:
                qemus, ours = pair.dumps(begin=begin, length=length)
                check_equal(ours.ranges(), qemus.ranges(), "ranges of %s with %d MiB from 0x%x" % (machine, mib, begin))
        for started in pair.machines:
            started.kill()


if not os.path.exists(FIRMWARE):
    print("1..0 # SKIP %s is not there" % FIRMWARE)
    raise SystemExit(77)
run_cases()
