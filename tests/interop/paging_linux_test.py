#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Linux guest with KASLR, frozen under QEMU, dumped by guestdump-vm with paging=true: compared with QEMU's own
paging=true dump and with page tables read by the test itself, and opened by gdb, crash and makedumpfile.
"""
import os
import re
import struct

from lab import case, check, check_equal, kernel_symbols, linux_guest, need, run_cases
from page_tables import MODES, PAGE, WINDOW, Memory, mapped_pages
from vmcore import Elf

KERNEL_HALF = 0xffff800000000000
KERNEL_IMAGE = 0xffffffff80000000
LONG_MODE = {mode.name: mode for mode in MODES}["four_level"]


def dumps(lab):
    """Paths of a paging=true and a paging=false dump of the guest."""
    machine = lab.vm("-restore", os.path.join(linux_guest(), "ref.elf"))
    machine.dump(lab.path("paged"), paging=True)
    machine.dump(lab.path("plain"))
    machine.quit()
    return lab.path("paged"), lab.path("plain")


def pairs(vmcore):
    """{(virtual page, physical page)} of all segments except the direct map of physical memory."""
    return {(load.vaddr + at, load.paddr + at) for load in vmcore.loads if not WINDOW <= load.vaddr < WINDOW + (1 << 52)
            for at in range(0, load.memsz, PAGE)}


def kernel_half(found):
    return {pair for pair in found if pair[0] >= KERNEL_HALF}


@case
def kernel_pages_are_those_of_qemus_paging_dump(lab):
    paged, _ = dumps(lab)
    ours, qemus = (kernel_half(pairs(Elf(path))) for path in (paged, os.path.join(linux_guest(), "ref-paging.elf")))
    check(len(ours) > 50000, "only %d pages", len(ours))
    check(ours == qemus, "%d pages only ours, %d only QEMU's", len(ours - qemus), len(qemus - ours))


@case
def all_pages_are_those_that_the_tests_own_walk_finds(lab):
    paged, plain = map(Elf, dumps(lab))
    memory = Memory(plain.ranges(), plain.read)
    expected = set()
    for state in plain.qemu_states():
        cr3, cr4 = struct.unpack_from("<QQ", state, 416)
        check(not cr4 & 1 << 12, "the guest has five levels")
        expected.update(mapped_pages(LONG_MODE, memory, cr3 & ~0xfff).items())
    ours = pairs(paged)
    check(ours == expected, "%d pages only ours, %d only the walk's", len(ours - expected), len(expected - ours))
    check(len(ours) > len(kernel_half(ours)), "no process has a page")


@case
def all_of_memory_is_there_as_with_paging_false(lab):
    paged, plain = map(Elf, dumps(lab))
    for start, size in plain.ranges():
        for at in range(start, start + size, 1 << 20):
            step = min(1 << 20, start + size - at)
            check(paged.read_virtual(WINDOW + at, step) == plain.read(at, step), "memory at 0x%x differs", at)


@case
def gdb_reads_the_kernel_by_virtual_address(lab):
    need("gdb")
    paged, _ = dumps(lab)
    vmcore = Elf(paged)
    info = vmcore.vmcoreinfo()
    release_at = int(info["SYMBOL(init_uts_ns)"], 16) + int(info["OFFSET(uts_namespace.name)"]) + 2 * 65
    banner_at = find_banner(vmcore)
    said = lab.run("gdb", "-batch", "-nx", "-ex", "set print elements 400", "-ex", "core-file " + paged,
                   "-ex", "x/s 0x%x" % release_at, "-ex", "x/s 0x%x" % banner_at)
    check('"%s"' % info["OSRELEASE"] in said, "init_uts_ns: %s", said)
    check('"Linux version %s ' % info["OSRELEASE"] in said, "linux_banner: %s", said)


def find_banner(vmcore):
    """The virtual address of linux_banner, found by its contents in the kernel's image."""
    for load in vmcore.loads:
        if load.vaddr >= KERNEL_IMAGE:
            at = vmcore.data.find(b"Linux version ", load.offset, load.offset + load.filesz)
            while at >= 0:
                if b" SMP " in vmcore.data[at:at + 400].split(b"\0")[0]:
                    return load.vaddr + at - load.offset
                at = vmcore.data.find(b"Linux version ", at + 1, load.offset + load.filesz)
    raise AssertionError("no banner in the kernel's image")


@case
def makedumpfile_writes_the_same_bytes_as_from_paging_false(lab):
    need("makedumpfile", "crash")
    small = []
    for path in dumps(lab):
        small.append(path + ".small")
        lab.run("makedumpfile", "-c", "-d", "31", path, small[-1])
    lab.run("cmp", *small)
    check_equal(lab.run("crash", "--osrelease", lab.path("paged")).strip(), Elf(lab.path("paged")).vmcoreinfo()["OSRELEASE"],
                "crash --osrelease")


@case
def crash_gives_the_same_answers_as_from_paging_false(lab):
    symbols = kernel_symbols()
    last_page = Elf(os.path.join(linux_guest(), "ref.elf")).loads[-1].paddr
    script = lab.path("commands")
    with open(script, "w") as out:
        out.write("sys\nps\nbt -a\nkmem -i\nrd linux_banner 8\nrd -p 0x%x 8\nquit\n" % last_page)
    paged, plain = (re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", script, symbols, path, timeout=300))
                    for path in dumps(lab))
    check_equal(paged, plain, "what crash prints")


if __name__ == "__main__":
    run_cases()
