#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump files from guestdump, QEMU and makedumpfile are restored and dumped as ELF, with the notes and pages of their
guest.
"""
import os
import subprocess

from lab import case, check, check_equal, linux_guest, need, run_cases
from kdump import Kdump
from vmcore import Elf, difference

COMPRESSIONS = ("zlib", "lzo", "snappy", "zstd")


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def dumped(lab, machine, name, fmt="elf"):
    path = lab.path(name)
    machine.dump(path, fmt=fmt)
    return path


def restored(lab, kdump):
    """The ELF dump of a machine restored from the kdump file."""
    machine = lab.vm("-restore", kdump)
    try:
        return Elf(dumped(lab, machine, "restored"))
    finally:
        machine.kill()


def check_same_guest(lab, kdump, whole):
    again = restored(lab, kdump)
    check(again.note_bytes == whole.note_bytes, "the notes of %s differ", kdump)
    check_equal(difference(again, whole), None, "the difference of " + kdump)


@case
def every_format_of_ours(lab):
    machine, whole = lab.vm("-restore", reference()), Elf(reference())
    for name in COMPRESSIONS:
        for fmt in ("kdump-" + name, "kdump-raw-" + name):
            check_same_guest(lab, dumped(lab, machine, fmt, fmt), whole)


@case
def qemus_of_a_linux_guest(lab):
    check_same_guest(lab, reference("ref.zlib"), Elf(reference()))


@case
def qemus_in_every_format_that_it_has(lab):
    # QEMU on the guest's memory, before its first instruction; its writes stay private (share=off).
    size = os.stat(reference("ram.img")).st_size
    qemu = lab.qemu("-S", "-machine", "q35,memory-backend=ram", "-m", "%dM" % (size >> 20), "-smp", "2", "-vga", "none",
                    "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=off" % (size, reference("ram.img")))
    whole = Elf(dumped(lab, qemu, "whole"))
    formats = qemu.qmp("query-dump-guest-memory-capability")["formats"]
    check("kdump-zlib" in formats, "QEMU has %s", formats)
    for fmt in formats:
        if fmt.startswith("kdump-"):
            check_same_guest(lab, dumped(lab, qemu, fmt, fmt), whole)


def made(lab, *options):
    """makedumpfile's output from our ELF dump; it cannot open QEMU's."""
    need("makedumpfile")
    path = lab.path("made" + "".join(options))
    if not os.path.exists(lab.path("ours")):
        machine = lab.vm("-restore", reference())
        machine.dump(lab.path("ours"))
        machine.kill()
    lab.run("makedumpfile", *options, lab.path("ours"), path)
    return path


def check_same_pages(lab, path):
    """Checks that every page in the file at @path equals the guest's."""
    again, whole, pfns = restored(lab, path), Elf(reference()), Kdump(path).pfns
    check(again.note_bytes == whole.note_bytes, "the notes of %s differ", path)
    for pfn in pfns:
        check(again.read(pfn << 12, 4096) == whole.read(pfn << 12, 4096), "page 0x%x of %s differs", pfn, path)
    return len(pfns)


@case
def makedumpfiles_in_every_compression(lab):
    # Debian's build has neither snappy (-p) nor zstd (-z), and then stores pages uncompressed.
    for option in ("-c", "-l", "-p", "-z"):
        check_equal(check_same_pages(lab, made(lab, option)), os.stat(reference("ram.img")).st_size >> 12, "pages with " + option)


@case
def makedumpfiles_filtered(lab):
    pages = check_same_pages(lab, made(lab, "-l", "-d", "31"))
    check(0 < pages < os.stat(reference("ram.img")).st_size >> 14, "%d pages are left", pages)


@case
def makedumpfiles_flattened(lab):
    need("makedumpfile")
    raw, flattened = made(lab, "-l", "-d", "31"), lab.path("flattened")
    with open(flattened, "wb") as out:
        done = subprocess.run(["makedumpfile", "-F", "-l", "-d", "31", lab.path("ours")], stdout=out, stderr=subprocess.DEVNULL, timeout=120)
    check_equal(done.returncode, 0, "makedumpfile -F")
    check_equal(Kdump(flattened).flattened, True, "flattened")
    check_equal(check_same_pages(lab, flattened), len(Kdump(raw).pfns), "pages")


run_cases()
