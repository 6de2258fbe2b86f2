#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests with random page tables in every paging mode, dumped with paging=true: the segments must agree with what the
processor did when the guest itself read at those addresses (tests/guests/paging.S).
"""
import os
import random
import struct
import time

from lab import ROOT, Skip, case, check, check_equal, kvm_works, need, run_cases
from page_tables import LARGE, LONG, MODES, NX, PAGE, Memory, mapped_pages, segment_pages, translate
from vmcore import Elf

MEMORY = 64 << 20
# Addresses that tests/guests/paging.S uses, followed by its tables and data.
IMAGE, PARAMETERS, PROBES, PROBE = 0x100000, 0x101000, 0x104000, 24
OWN = range(0x100000, 0x110000, PAGE)  # mapped at the same virtual addresses
CHAIN = range(0x200000, 0x208000, PAGE)  # the tables that map OWN, from the top
TABLES = range(0x210000, 0x240000, PAGE)  # random tables
DATA = range(0x400000, 0x440000, PAGE)
MOST_PROBES = 1500
ACCESSED = 0x60  # and dirty, so that the processor has nothing to write


def entry_for(dice, mode, level):
    """A random present entry: a table or a page, large or small, sometimes with bits that cause a fault."""
    last = level == len(mode.shifts) - 1
    junk = dice.getrandbits(12) & 0x018 | dice.choice([0, 0x200, 0xe00]) | ACCESSED | 7
    if mode.entry_bytes == 8 and mode.name != "pae":
        junk |= dice.choice([0, dice.getrandbits(7) << 52, NX])
    if mode.name == "pae":
        if level == 0:
            return dice.choice(TABLES) | 1
        junk |= dice.choice([0, 0, 0, NX, 1 << dice.randrange(52, 63)])
    if last:
        return dice.choice(DATA) | junk
    if dice.random() < 0.7:
        return dice.choice(TABLES) | junk
    size = 1 << mode.shifts[level]
    place = dice.randrange(0, MEMORY, PAGE) // size * size
    return place | junk | LARGE | (dice.choice([0, 0, 0, 1 << 13, 1 << 21]) if size > 1 << 21 else 0)


def put_entry(ram, mode, table, index, entry):
    struct.pack_into("<I" if mode.entry_bytes == 4 else "<Q", ram, table + index * mode.entry_bytes, entry)


def slots(mode, level):
    return 4 if mode.name == "pae" and level == 0 else PAGE // mode.entry_bytes


def make_tables(ram, mode, dice):
    """Puts tables into @ram, with CHAIN[0] at the top. The guest's own pages are mapped; the rest is random."""
    last = len(mode.shifts) - 1
    for level in range(last):
        bits = 1 if mode.name == "pae" and level == 0 else 7 | ACCESSED
        for _ in range(20 if last == 1 else 3):
            put_entry(ram, mode, CHAIN[level], dice.randrange(1, slots(mode, level)), entry_for(dice, mode, level))
        put_entry(ram, mode, CHAIN[level], 0, CHAIN[level + 1] | bits)
    for page in OWN:
        put_entry(ram, mode, CHAIN[last], page // PAGE, page | 7 | ACCESSED)
    for table in TABLES:
        for _ in range(4):
            # The level at which a table is used is random too.
            level = dice.randint(1, last)
            put_entry(ram, mode, table, dice.randrange(PAGE // mode.entry_bytes), entry_for(dice, mode, level))
    for page in DATA:
        struct.pack_into("<Q", ram, page, page | 0xabc)


class Guest:
    """The RAM file of a machine, with the guest, its tables and the addresses that it probes."""

    def __init__(self, lab, mode, seed):
        self.mode, self.dice = mode, random.Random("%s %d" % (mode.name, seed))
        self.path = lab.path("ram-%s-%d" % (mode.name, seed))
        ram = bytearray(MEMORY)
        with open(build_file("tests", "guests", "paging.bin"), "rb") as file:
            image = file.read()
        ram[IMAGE:IMAGE + len(image)] = image
        make_tables(ram, mode, self.dice)
        # Leaves out the device memory of a PC at 0xa0000, because reading it would access the device.
        memory = Memory([(0, 0xa0000), (0x100000, MEMORY - 0x100000)], lambda at, size: bytes(ram[at:at + size]))
        self.probes = self.choose_probes(memory)
        struct.pack_into("<IIII", ram, PARAMETERS, CHAIN[0], mode.cr4, mode.efer, len(self.probes))
        for number, virt in enumerate(self.probes):
            struct.pack_into("<Q", ram, PROBES + number * PROBE, virt)
        with open(self.path, "wb") as file:
            file.write(ram)

    def choose_probes(self, memory):
        """Pages that are mapped to memory, and neighbouring pages where an access faults."""
        pages = mapped_pages(self.mode, memory, CHAIN[0])
        pages = {virt: page for virt, page in pages.items() if page not in OWN}  # the answers are stored there
        mapped = self.dice.sample(sorted(pages), min(len(pages), MOST_PROBES // 2))
        limit = 1 << (64 if self.mode.efer & LONG else 32)
        beside = {page + step for page in mapped for step in (-PAGE, PAGE)}
        unmapped = [page for page in sorted(beside)
                    if 0 <= page < limit and translate(self.mode, memory, CHAIN[0], page) is None]
        return mapped + unmapped[:MOST_PROBES // 2]

    def options(self):
        return ["-machine", "pc,memory-backend=ram", "-m", "%dM" % (MEMORY >> 20), "-vga", "none", "-object",
                "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=on" % (MEMORY >> 20, self.path)]

    def wait(self, machine):
        """Waits until the guest has probed all addresses; returns False if it died before."""
        end = time.monotonic() + 60
        while self.word(PARAMETERS + 16) != 1:
            if machine.qmp("query-status")["status"] == "shutdown":
                return False
            check(time.monotonic() < end, "the guest in mode %s did not come to its end", self.mode.name)
            time.sleep(0.02)
        machine.qmp("stop")
        return True

    def word(self, address, layout="<I"):
        with open(self.path, "rb") as file:
            file.seek(address)
            return struct.unpack(layout, file.read(struct.calcsize(layout)))[0]

    def answers(self):
        """{virtual page: the bytes that the processor read, or None if it faulted}."""
        found = {}
        for number in range(len(self.probes)):
            with open(self.path, "rb") as file:
                file.seek(PROBES + number * PROBE)
                virt, value, outcome = struct.unpack("<QQQ", file.read(PROBE))
            check(outcome in (1, 2), "the guest did not ask for 0x%x", virt)
            width = 8 if self.mode.efer & LONG else 4
            found[virt] = value.to_bytes(8, "little")[:width] if outcome == 1 else None
        return found


def check_same(found, expected, what):
    check(found == expected, "%s: %d are missing, %d too many, such as %r", what, len(expected - found),
          len(found - expected), sorted(found ^ expected)[:3])


def compare(guest, plain, paged):
    """Compares a paging=true dump with what the processor read, and with the model on the paging=false dump."""
    mode = guest.mode._replace(gigabyte=bool(guest.word(PARAMETERS + 20) >> 26 & 1))
    memory = Memory(plain.ranges(), plain.read)
    pages = mapped_pages(mode, memory, CHAIN[0])
    check_same(set(segment_pages(paged).items()), set(pages.items()), "mapped pages")
    answers = guest.answers()
    faulted = {virt for virt, value in answers.items() if value is None}
    check_same(faulted, {virt for virt in answers if translate(mode, memory, CHAIN[0], virt) is None}, "pages that fault")
    for virt in answers.keys() - faulted:
        check_equal(paged.read_virtual(virt, len(answers[virt])), answers[virt], "what is at 0x%x" % virt)
    return len(pages), len(answers)


def build_file(*parts):
    return os.path.join(os.environ.get("GUESTDUMP_BUILD", str(ROOT / "build-release")), *parts)


def died_before_paging(lab, machine):
    """True if the processor does not have this mode: it faults when the guest enables it."""
    machine.dump(lab.path("dead"))
    cr0, = struct.unpack_from("<Q", Elf(lab.path("dead")).qemu_states()[0], 392)
    return not cr0 >> 31


def run_under_kvm(lab, mode, seed):
    """The sizes of what was compared; None if KVM does not offer the mode here."""
    guest = Guest(lab, mode, seed)
    machine = lab.vm(*guest.options(), "-accel", "kvm", "-device",
                     "loader,file=%s,addr=0x%x" % (build_file("tests", "guests", "paging.bin"), IMAGE))
    if not guest.wait(machine):
        check(mode.name != "four_level" and died_before_paging(lab, machine), "the guest died in mode %s", mode.name)
        return None
    machine.dump(lab.path("plain"))
    machine.dump(lab.path("paged"), paging=True)
    machine.kill()
    return compare(guest, Elf(lab.path("plain")), Elf(lab.path("paged")))


@case
def what_a_real_processor_reads_by_virtual_address_the_dump_has_there(lab):
    if not kvm_works():
        raise Skip("no /dev/kvm")
    for mode in MODES:
        for seed in range(3):
            sizes = run_under_kvm(lab, mode, seed)
            if sizes is None:
                print("# KVM does not offer mode %s here" % mode.name)
                break
            print("# %s: %d pages, %d asked for" % (mode.name, *sizes))


def qemu_firmware(lab):
    """Our firmware, changed to start the guest at IMAGE, for a machine without our loader."""
    need("as", "objcopy")
    lab.run("as", "--64", ROOT / "vm" / "firmware" / "firmware.S", "-o", lab.path("firmware.o"))
    lab.run("objcopy", "-O", "binary", "-j", ".rodata", lab.path("firmware.o"), lab.path("firmware"))
    with open(lab.path("firmware"), "r+b") as file:
        file.seek(-8, os.SEEK_END)
        file.write(struct.pack("<I", IMAGE))
    return lab.path("firmware")


def run_under_qemu(lab, mode, seed):
    guest = Guest(lab, mode, seed)
    machine = lab.qemu("-no-reboot", *guest.options(), "-cpu", "max", "-bios", qemu_firmware(lab))
    check(guest.wait(machine), "the guest died in mode %s", mode.name)
    machine.dump(lab.path("plain"))
    machine.kill()
    restored = lab.vm("-restore", lab.path("plain"))
    restored.dump(lab.path("paged"), paging=True)
    restored.kill()
    os.chmod(lab.path("plain"), 0o600)
    return compare(guest, Elf(lab.path("plain")), Elf(lab.path("paged")))


@case
def what_qemus_processor_reads_by_virtual_address_our_dump_of_its_guest_has_there(lab):
    for mode in MODES:
        for seed in range(3):
            print("# %s: %d pages, %d asked for" % (mode.name, *run_under_qemu(lab, mode, seed)))
            os.unlink(lab.path("plain"))


if __name__ == "__main__":
    run_cases()
