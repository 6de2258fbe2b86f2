#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux guest with KASLR and without QEMU's vmcoreinfo device: its note is found in memory, and other tools open its
dumps.
"""
import json
import os
import re
import struct

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, program, run_cases
from kdump import Kdump
from vmcore import Elf


def reference(name="ref.elf"):
    return os.path.join(linux_guest("--no-vmcoreinfo"), name)


def dump(lab, name, fmt="elf", **arguments):
    """Dumps the guest, restored from QEMU's dump, with the command."""
    path = lab.path(name)
    lab.vm("-restore", reference()).dump(path, fmt=fmt, **arguments)
    return path


def info(lab, path, *options):
    return json.loads(lab.run(program("guestdump"), "info", "--json", *options, path))


@case
def qemus_dump_has_no_note_and_ours_has_the_kernels(lab):
    qemus, ours = Elf(reference()), Elf(dump(lab, "vmcore"))
    check_equal([note.name for note in qemus.notes], ["CORE", "CORE", "QEMU", "QEMU"], "QEMU's notes")
    check_equal([note.name for note in ours.notes], ["CORE", "CORE", "QEMU", "QEMU", "VMCOREINFO"], "our notes")
    check(ours.note_bytes.startswith(qemus.note_bytes), "the other notes differ")
    # The page that Linux would have passed to the device, found here only by its first bytes.
    with open(reference("ram.img"), "rb") as file:
        ram = file.read()
    page = next(at for at in range(0, len(ram), 4096) if ram[at:at + 10] == b"OSRELEASE=")
    check_equal(ours.notes[-1].descriptor, ram[page:ram.index(b"\0", page)], "the note's text")


@case
def kdump_header_leads_to_the_note_and_has_what_it_tells(lab):
    file, lines = Kdump(dump(lab, "vmcore", fmt="kdump-raw-zlib")), Elf(dump(lab, "elf")).vmcoreinfo()
    check_equal(file.vmcoreinfo(), lines, "VMCOREINFO")
    check_equal(file.sub["phys_base"], int(lines["NUMBER(phys_base)"]), "phys_base")
    check_equal((file.utsname["sysname"], file.utsname["release"]), ("Linux", lines["OSRELEASE"]), "utsname")


@case
def info_tells_the_kernels_own_truth(lab):
    """The kernel's address according to its page tables, symbols and variable, none of which the search uses."""
    told, paged = info(lab, reference())["kernel"], Elf(dump(lab, "paged", paging=True))
    names = dict(reversed(line.split()[::2]) for line in lab.run("nm", kernel_symbols()).splitlines() if len(line.split()) == 3)
    link = {name: int(names[name], 16) for name in ("_stext", "phys_base", "linux_banner")}
    offset = int(told["kaslr-offset"], 16)
    check(offset > 0, "the guest was to have KASLR")
    banner = paged.read_virtual(link["linux_banner"] + offset, 64).decode()
    check(banner.startswith("Linux version %s " % told["release"]), "linux_banner is %r", banner)
    variable = int.from_bytes(paged.read_virtual(link["phys_base"] + offset, 8), "little", signed=True)
    check_equal(told["phys-base"], variable, "phys_base, of that of the kernel's variable")
    with open(reference("serial.log"), errors="replace") as log:
        said = re.search(r"Linux version (\S+)", log.read())
    check_equal(told["release"], said[1], "release, of that on the guest's console")


def without_its_note(lab, fmt):
    """Yields info() of a vmcore of a guest that passed its note, then of the same file after hiding the note by a
    changed size.
    """
    path = lab.path(fmt)
    lab.run(program("guestdump"), "convert", "--format", fmt, os.path.join(linux_guest(), "ref.elf"), path)
    if fmt == "elf":
        elf = Elf(path)
        check_equal((elf.phoff, elf.segments[0].type, elf.notes[-1].name), (64, 4, "VMCOREINFO"), "where the note is")
        places = ((64 + 32, elf.segments[0].filesz),)  # p_filesz
        note = elf.notes[-1].descriptor
    else:
        file = Kdump(path)
        places = ((4096 + 56, file.sub["size_note"]), (4096 + 32, None), (4096 + 40, None))  # size_note; VMCOREINFO's place and size
        note = file.data[file.sub["offset_vmcoreinfo"]:file.sub["offset_vmcoreinfo"] + file.sub["size_vmcoreinfo"]]
    size = 12 + 12 + (len(note) + 3) // 4 * 4
    yield info(lab, path)
    with open(path, "r+b") as file:
        for at, value in places:
            file.seek(at)
            file.write(struct.pack("<Q", value - size if value else 0))
    yield info(lab, path)


@case
def info_tells_the_same_of_a_guest_that_handed_its_note_over(lab):
    for fmt in ("elf", "kdump-raw-zlib"):
        handed_over, found = (told for told in without_its_note(lab, fmt))
        check("vmcoreinfo-found-at" not in handed_over and "vmcoreinfo-found-at" in found, "%s: how it was found", fmt)
        check_equal(found["vmcoreinfo"].rstrip("\n"), handed_over["vmcoreinfo"].rstrip("\0\n"), "VMCOREINFO")
        kernel, other = found["kernel"], handed_over["kernel"]
        check_equal(int(kernel["kaslr-offset"], 16), int(handed_over["vmcoreinfo"].split("KERNELOFFSET=")[1].split()[0], 16), "KASLR offset")
        check(int(kernel["kaslr-offset"], 16) > 0 and kernel["release"], "no KASLR, or no release: %s", kernel)
        check_equal({name: kernel[name] for name in ("release", "kaslr-offset", "phys-base")},
                    {name: other[name] for name in ("release", "kaslr-offset", "phys-base")}, "what info prints of the kernel")
        check_equal((kernel["phys-base-from"], other["phys-base-from"]), ("VMCOREINFO in memory", "VMCOREINFO"), "how it was found")


@case
def info_finds_it_in_every_format_of_qemu(lab):
    for name in ("ref.elf", "ref-paging.elf", "ref.zlib"):
        found, without = info(lab, reference(name)), info(lab, reference(name), "--no-find-vmcoreinfo")
        check("vmcoreinfo" in found and "vmcoreinfo-found-at" in found, "nothing found in " + name)
        check("vmcoreinfo" not in without and "release" not in without["kernel"], "found in spite of the option")
        check_equal(found["kernel"]["phys-base-from"], "VMCOREINFO in memory", "source of phys_base")


@case
def it_is_left_out_where_nobody_wants_it(lab):
    check_equal(Elf(dump(lab, "vmcore", **{"find-vmcoreinfo": False})).note_bytes, Elf(reference()).note_bytes, "QMP: notes")
    path, machine = lab.path("by-hmp"), lab.vm("-restore", reference())
    check_equal(machine.qmp.hmp("dump-guest-memory -V " + path), "", "HMP's answer")
    check_equal(Elf(path).note_bytes, Elf(reference()).note_bytes, "HMP: notes")
    lab.run(program("guestdump"), "convert", "--no-find-vmcoreinfo", reference(), lab.path("converted"))
    check_equal(Elf(lab.path("converted")).note_bytes, Elf(reference()).note_bytes, "convert: notes")


@case
def makedumpfile_filters_and_crash_opens_what_is_left(lab):
    need("makedumpfile", "crash")
    path, small = dump(lab, "vmcore"), lab.path("filtered")
    lab.run("makedumpfile", "-c", "-d", "31", path, small)
    check(0 < os.stat(small).st_size < os.stat(path).st_size / 4, "filtered to %d bytes", os.stat(small).st_size)
    check_equal(lab.run("crash", "--osrelease", small).strip(), Elf(path).vmcoreinfo()["OSRELEASE"], "crash --osrelease")
    lab.run(program("guestdump"), "convert", "--no-find-vmcoreinfo", reference(), lab.path("without"))
    refusal = lab.run("makedumpfile", "-c", "-d", "31", lab.path("without"), lab.path("refused"), status=None)
    check("doesn't contain vmcoreinfo" in refusal, "without the note it says: %s", refusal)


TASKS_BY_DRGN = """
import drgn, sys
from drgn.helpers.linux.pid import for_each_task
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
print(sorted((task.pid.value_(), task.comm.string_().decode()) for task in for_each_task(program)))
"""


@case
def drgn_lists_the_same_tasks_from_every_format(lab):
    need_module("drgn")
    vmlinux = kernel_symbols()
    lists = {name: lab.run(PYTHON, "-c", TASKS_BY_DRGN, dump(lab, name, **arguments), vmlinux, timeout=300)
             for name, arguments in (("elf", {}), ("paging", {"paging": True}), ("kdump", {"fmt": "kdump-raw-zlib"}))}
    check(lists["elf"].count("'sleep'") == 4 and "(1, 'init')" in lists["elf"], "the tasks are " + lists["elf"])
    check_equal(lists["paging"], lists["elf"], "tasks of paging=true")
    check_equal(lists["kdump"], lists["elf"], "tasks of kdump")


@case
def crash_prints_what_it_prints_of_qemus_file(lab):
    need("crash")
    vmlinux, script = kernel_symbols(), lab.path("commands")
    with open(script, "w") as out:
        out.write("sys\nps\nbt -a\nquit\n")
    ours, qemus = (re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", script, vmlinux, path, timeout=300))
                   for path in (dump(lab, "vmcore"), reference()))
    check_equal(ours, qemus, "what crash prints")


@case
def elf_maps_the_kernels_image_onto_the_same_bytes_once_more(lab):
    ours, qemus = Elf(dump(lab, "vmcore")), Elf(reference())
    lines = ours.vmcoreinfo()
    image, = [load for load in ours.loads if load.vaddr != load.paddr]
    text, phys_base = int(lines["SYMBOL(_stext)"], 16), int(lines["NUMBER(phys_base)"])
    check(image.vaddr <= text < image.vaddr + 0x200000, "begins at 0x%x, _stext is 0x%x", image.vaddr, text)
    check_equal(image.vaddr - image.paddr, 0xffffffff80000000 - phys_base, "how far it is moved")
    names = lab.run("nm", kernel_symbols()).splitlines()
    end = next(int(line.split()[0], 16) for line in names if line.endswith(" _end")) + int(lines["KERNELOFFSET"], 16)
    check(end <= image.vaddr + image.filesz < end + 0x200000, "ends at 0x%x, _end is 0x%x", image.vaddr + image.filesz, end)
    whole = next(load for load in ours.loads if load.paddr <= image.paddr < load.paddr + load.filesz)
    check_equal(image.offset, whole.offset + image.paddr - whole.paddr, "its offset in the file")
    check_equal(ours.ranges(), qemus.ranges(), "memory that is there")


@case
def nothing_counts_the_image_twice(lab):
    path = dump(lab, "vmcore")
    told = info(lab, path)
    check_equal([(int(one["begin"], 16), one["length"]) for one in told["ranges"]], Elf(reference()).ranges(), "ranges")
    check_equal(told["memory"], sum(size for _, size in Elf(reference()).ranges()), "memory")
    again = lab.path("again")
    machine = lab.vm("-restore", path)
    check_equal(machine.qmp("query-memory-size-summary")["base-memory"], told["memory"], "memory of the restored machine")
    machine.dump(again)
    lab.run("cmp", path, again)
    lab.run(program("guestdump"), "compare", path, again)


@case
def gdb_reads_the_kernel_by_its_own_addresses(lab):
    need("gdb")
    path = dump(lab, "vmcore")
    lines = Elf(path).vmcoreinfo()
    name = int(lines["SYMBOL(init_uts_ns)"], 16) + int(lines["OFFSET(uts_namespace.name)"])
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "x/s 0x%x" % (name + 2 * 65))
    check('"%s"' % lines["OSRELEASE"] in said, "gdb: %s", said)


@case
def libkdumpfile_reads_the_kernel_by_its_own_addresses(lab):
    need_module("kdumpfile")
    script = ("import kdumpfile, sys; c = kdumpfile.kdumpfile(sys.argv[1]); c.attr['addrxlat.ostype'] = 'linux'; "
              "print(c.read(kdumpfile.KDUMP_KVADDR, int(sys.argv[2], 16), 64).split(b'\\0')[0].decode())")
    for fmt in ("elf", "kdump-raw-zlib"):
        path = dump(lab, fmt, fmt=fmt)
        lines = (Elf if fmt == "elf" else Kdump)(path).vmcoreinfo()
        at = int(lines["SYMBOL(init_uts_ns)"], 16) + int(lines["OFFSET(uts_namespace.name)"]) + 2 * 65
        check_equal(lab.run(PYTHON, "-c", script, path, hex(at)).strip(), lines["OSRELEASE"], "the release in " + fmt)


run_cases()
