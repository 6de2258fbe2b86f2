#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of machines that are not x86, made by their QEMU: described, verified, compared, and converted in every direction.

The results are read by a reader of literal offsets, and by libkdumpfile.
"""
import json
import os
import struct
import subprocess
import tempfile

from lab import PYTHON, Skip, case, check, check_equal, need, need_module, program, run_cases

# Name: e_machine, byte order, class, options of QEMU.
MACHINES = {
    "aarch64": (183, "<", 64, "-M virt -cpu cortex-a57 -smp 2"),
    "arm": (40, "<", 32, "-M virt -cpu cortex-a15"),
    "ppc64": (21, ">", 64, "-M mac99 -cpu 970"),
    "s390x": (22, ">", 64, "-smp 2"),
    "riscv64": (243, "<", 64, "-M virt -bios none -smp 2"),
}
UNAMES = {"arm": "armv7l"}
# Of all cases, because they only read them.
DUMPS = tempfile.TemporaryDirectory(prefix="guestdump-")


def dumped(lab, name, fmt):
    """QEMU's dump of a machine before its first instruction."""
    qemu = "qemu-system-" + name
    need(qemu)
    path = os.path.join(DUMPS.name, name + "-")
    if not os.path.exists(path + fmt):
        machine = lab.machine(qemu, "-S", "-m", "32", "-nodefaults", "-display", "none", *MACHINES[name][3].split())
        for each in ("elf", "kdump-zlib"):
            machine.dump(path + each, fmt=each)
        machine.quit()
    return path + fmt


def convert(lab, source, target, fmt):
    target = lab.path(target)
    lab.run(program("guestdump"), "convert", "--quiet", "--format", fmt, source, target)
    return target


class AnyElf:
    """An ELF core of any class and byte order, read by the offsets of [gabi ch4, ch5]."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.order, wide = {1: "<", 2: ">"}[data[5]], data[4] == 2
        self.bits = 64 if wide else 32
        self.machine, = struct.unpack_from(self.order + "H", data, 18)
        phoff, = struct.unpack_from(self.order + ("Q" if wide else "I"), data, 32 if wide else 28)
        count, = struct.unpack_from(self.order + "H", data, 56 if wide else 44)
        self.memory, self.notes = {}, b""
        for index in range(count):
            if wide:
                kind, _, offset, _, paddr, size = struct.unpack_from(self.order + "IIQQQQ", data, phoff + 56 * index)
            else:
                kind, offset, _, paddr, size = struct.unpack_from(self.order + "5I", data, phoff + 32 * index)
            if kind == 4:
                self.notes += data[offset:offset + size]
            elif kind == 1 and size:
                self.memory[paddr] = data[offset:offset + size]


def check_equal_elf(found, expected, what):
    check_equal((found.machine, found.order, found.bits), (expected.machine, expected.order, expected.bits), "kind of " + what)
    check_equal(found.notes, expected.notes, "notes of " + what)
    check(found.memory == expected.memory, "memory of %s differs" % what)


def each_machine(test):
    """A case that runs @test for every machine whose QEMU is installed."""
    def run(lab):
        ran = 0
        for name in MACHINES:
            try:
                test(lab, name)
                ran += 1
            except Skip as skipped:
                reason = skipped
        if ran == 0:
            raise Skip(str(reason))
    run.__name__ = test.__name__
    return case(run)


@each_machine
def info_tells_the_machine_and_its_notes(lab, name):
    number, order, bits, options = MACHINES[name]
    for fmt in ("elf", "kdump-zlib"):
        told = json.loads(lab.run(program("guestdump"), "info", "--json", dumped(lab, name, fmt)))
        check_equal(told["machine"], UNAMES.get(name, name), "machine of " + name)
        check_equal(told["big-endian"], order == ">", "byte order of " + name)
        cpus = 2 if "-smp 2" in options else 1
        check_equal(len(told["cpus"]), cpus, "vCPUs of " + name)
        check(told["notes"][0]["name"] == "CORE" and told["notes"][0]["size"] > 100, "notes of %s: %s" % (name, told["notes"]))
        check(any(register in told["cpus"][0]["registers"] for register in ("pc", "nip", "pswa")), "registers of " + name)
        check_equal(told["warnings"], [], "warnings of " + name)
    check_equal(AnyElf(dumped(lab, name, "elf")).machine, number, "e_machine")


@each_machine
def both_formats_of_qemu_verify_and_are_equal(lab, name):
    files = [dumped(lab, name, fmt) for fmt in ("elf", "kdump-zlib")]
    lab.run(program("guestdump"), "verify", "--quiet", *files)
    lab.run(program("guestdump"), "compare", "--quiet", *files)


@each_machine
def every_conversion_keeps_memory_and_notes(lab, name):
    source = dumped(lab, name, "elf")
    original = AnyElf(source)
    kdump = convert(lab, source, name + ".kdump", "kdump-raw-lzo")
    check_equal_elf(AnyElf(convert(lab, kdump, name + ".back", "elf")), original, name + " there and back")
    check_equal_elf(AnyElf(convert(lab, source, name + ".elf", "elf")), original, name + " as ELF")
    qemus = dumped(lab, name, "kdump-zlib")
    check_equal_elf(AnyElf(convert(lab, qemus, name + ".unpacked", "elf")), original, name + " from QEMU's kdump file")
    copy = convert(lab, qemus, name + ".copy", "kdump-raw-zlib")
    check_equal_elf(AnyElf(convert(lab, copy, name + ".copied", "elf")), original, name + " from a copy of it")
    check_equal(block_size(copy), block_size(qemus, FIRST_RECORD), "block size of " + name)


FIRST_RECORD = 4096 + 16  # of a flattened file: the kdump header


def block_size(path, skip=0):
    """block_size of a kdump header of 32 or 64 bits at the offset @skip: one of two numbers."""
    with open(path, "rb") as file:
        file.seek(skip)
        header = file.read(464)
    order = ">" if header[8] == 0 else "<"
    return [struct.unpack_from(order + "I", header, at)[0] for at in (416, 428)]


@each_machine
def libkdumpfile_reads_our_files(lab, name):
    need_module("kdumpfile")
    if MACHINES[name][2] == 32:
        return  # libkdumpfile 0.5 knows only the sub header of i386
    original = AnyElf(dumped(lab, name, "elf"))
    kdump = convert(lab, dumped(lab, name, "elf"), name + ".kdump", "kdump-raw-zlib")
    address, memory = max(original.memory.items())
    script = """
import kdumpfile, sys
file = kdumpfile.kdumpfile(sys.argv[1])
page = file.attr["arch.page_size"]
at = int(sys.argv[2])
print(file.attr["arch.byte_order"], file.attr["arch.ptr_size"], page)
for i in range(16):
    sys.stdout.write(file.read(kdumpfile.KDUMP_MACHPHYSADDR, at + i * page, page).hex() + "\\n")
"""
    told, *pages = lab.run(PYTHON, "-c", script, kdump, str(address)).splitlines()
    order = {">": 0, "<": 1}[MACHINES[name][1]]
    check_equal(told.split()[:2], [str(order), str(MACHINES[name][2] // 8)], "what libkdumpfile tells of " + name)
    check_equal(int(told.split()[2]), max(block_size(kdump)), "page size of " + name)
    check("".join(pages) == memory[:len("".join(pages)) // 2].hex(), "libkdumpfile's pages of %s differ" % name)


@each_machine
def what_needs_x86_is_refused_in_one_line(lab, name):
    file = dumped(lab, name, "elf")
    for options in (["--paging"], ["--format", "vbox-core"]):
        refused = subprocess.run([program("guestdump"), "convert", *options, file, lab.path("refused")],
                                 capture_output=True, text=True, timeout=60)
        check_equal(refused.returncode, 2, "status")
        check_equal(len(refused.stderr.splitlines()), 1, "lines")
        check("x86 guests only" in refused.stderr, "the message: " + refused.stderr)
    refused = subprocess.run([program("guestdump-vm"), "-restore", file], capture_output=True, text=True, timeout=60)
    check(refused.returncode != 0 and "only x86 guests can be restored" in refused.stderr, "the message: " + refused.stderr)


run_cases()
