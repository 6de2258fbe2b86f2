#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real files of a real Linux guest, QEMU's and makedumpfile's, through every format and back, and the tools that open the results."""
import json
import os
import re
import subprocess

from lab import Skip, case, check, check_equal, linux_guest, need, program, run_cases
from kdump import Kdump
from vmcore import Elf, difference

FORMATS = ["elf"] + ["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")] + ["vbox-core"]
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules
PART = ("--begin", "0x1000000", "--length", "0x2000000")


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def guestdump(lab, *words, **more):
    return lab.run(program("guestdump"), *words, **more)


def convert(lab, source, name, *options):
    guestdump(lab, "convert", *options, source, lab.path(name))
    return lab.path(name)


def info(lab, path):
    return json.loads(guestdump(lab, "info", "--json", path))


def release():
    return Elf(reference()).vmcoreinfo()["OSRELEASE"]


def check_through_all_formats(lab, source):
    """From format to format, so that each reads what another wrote, and the last is compared with the first."""
    guestdump(lab, "verify", source)
    came = source
    for number, form in enumerate(FORMATS):
        came = convert(lab, came, "stage%d" % number, "--format", form)
        guestdump(lab, "compare", source, came)
        if number > 0:
            os.unlink(lab.path("stage%d" % (number - 1)))
    guestdump(lab, "verify", came)
    back = convert(lab, came, "back")
    guestdump(lab, "compare", source, back)
    check_equal(Elf(back).vmcoreinfo()["OSRELEASE"], release(), "release")


def makedumpfile(lab, name, *options):
    need("makedumpfile")
    path = lab.path(name)
    source = convert(lab, reference(), "source")  # QEMU's own file it cannot open
    if "-F" in options:
        with open(path, "wb") as out:
            done = subprocess.run(["makedumpfile", *options, source], stdout=out, stderr=subprocess.PIPE, timeout=120)
        check_equal(done.returncode, 0, "makedumpfile's status: %s" % done.stderr[-300:])
    else:
        lab.run("makedumpfile", *options, source, path)
    os.unlink(source)
    return path


@case
def qemus_files_go_through_every_format(lab):
    for name in ("ref.elf", "ref-paging.elf", "ref.zlib"):
        check_through_all_formats(lab, reference(name))


@case
def makedumpfiles_compressed_files_go_through_every_format(lab):
    for option in ("-c", "-l"):
        check_through_all_formats(lab, makedumpfile(lab, "file", option))
        os.unlink(lab.path("file"))


@case
def makedumpfiles_filtered_files_go_through_every_format(lab):
    for options in (["-d", "31"], ["-c", "-d", "31"], ["-E", "-d", "31"], ["-F", "-c", "-d", "31"]):
        check_through_all_formats(lab, makedumpfile(lab, "file", *options))
        os.unlink(lab.path("file"))


@case
def what_debians_makedumpfile_cannot_compress_is_read_all_the_same(lab):
    for option in ("-p", "-z"):
        path = makedumpfile(lab, "file", option)
        ours = Elf(convert(lab, path, "elf"))
        check_equal(ours.read(0, 16 << 20), Elf(reference()).read(0, 16 << 20), "memory by makedumpfile " + option)
        os.unlink(path)


@case
def a_file_of_a_split_set_says_what_to_do(lab):
    need("makedumpfile")
    source = convert(lab, reference(), "source")
    lab.run("makedumpfile", "--split", "-c", "-d", "31", source, lab.path("one"), lab.path("two"))
    for command in (["info", lab.path("one")], ["verify", lab.path("two")], ["convert", lab.path("one"), lab.path("out")]):
        said = guestdump(lab, *command, status=2)
        check("is one file of a split set" in said and "--reassemble" in said, "%s: %s", command, said)
    check(not os.path.exists(lab.path("out")), "an output is there")
    lab.run("makedumpfile", "--reassemble", lab.path("one"), lab.path("two"), lab.path("whole"))
    check_equal(info(lab, lab.path("whole"))["dump-level"], 31, "dump level of the set that was put together")
    guestdump(lab, "verify", lab.path("whole"))


@case
def filtered_files_keep_exactly_what_the_filter_left(lab):
    small = makedumpfile(lab, "small", "-c", "-d", "31")
    again = Kdump(convert(lab, small, "again", "--format", "kdump-raw-zlib"))
    left = Kdump(small)
    check_equal(again.pfns, left.pfns, "pages")
    for pfn in left.pfns[::7]:
        check(again.page(pfn) == left.page(pfn), "page 0x%x differs", pfn)
    need("crash")
    check_equal(lab.run("crash", "--osrelease", lab.path("again")).strip(), release(), "crash --osrelease")


@case
def paging_is_made_from_any_format(lab):
    qemus = Elf(reference("ref-paging.elf"))
    for number, source in enumerate((reference(), reference("ref.zlib"))):
        ours = Elf(convert(lab, source, "paged%d" % number, "--paging"))
        lines = ours.vmcoreinfo()
        at = int(lines["SYMBOL(init_uts_ns)"], 16) + int(lines["OFFSET(uts_namespace.name)"])
        check_equal(ours.read_virtual(at, 390), qemus.read_virtual(at, 390), "init_uts_ns by its virtual address")
        check_equal(difference(ours, Elf(reference())), None, "the difference in memory")
    lab.run("cmp", lab.path("paged0"), lab.path("paged1"))


@case
def a_part_is_the_same_from_every_format(lab):
    guestdump(lab, "convert", *PART, reference(), lab.path("part"))
    check_equal(Elf(lab.path("part")).ranges(), [(0x1000000, 0x2000000)], "ranges")
    for form in ("kdump-raw-zstd", "vbox-core"):
        part = convert(lab, reference("ref.zlib"), form, "--format", form, *PART)
        guestdump(lab, "compare", lab.path("part"), part)


@case
def any_number_of_threads_writes_the_same_bytes(lab):
    for form in ("elf", "kdump-zlib", "vbox-core"):
        one = convert(lab, reference("ref.zlib"), "one", "--format", form, "--threads", "1")
        many = convert(lab, reference("ref.zlib"), "many", "--format", form, "--threads", "7")
        lab.run("cmp", one, many)


@case
def crash_and_makedumpfile_open_the_results(lab):
    need("crash", "makedumpfile")
    for form in FORMATS[:-1]:
        path = convert(lab, reference("ref.zlib"), form, "--format", form)
        check_equal(lab.run("crash", "--osrelease", path).strip(), release(), "crash --osrelease of " + form)
        if form in ("elf", "kdump-raw-zlib", "kdump-raw-lzo"):
            lab.run("makedumpfile", "--dump-dmesg", path, lab.path("messages-" + form))
            with open(lab.path("messages-" + form), errors="replace") as messages:
                check("Linux version " + release() in messages.read(), "no version in the messages of " + form)


@case
def gdb_shows_the_vcpus_of_what_was_a_kdump_file(lab):
    need("gdb")
    path = convert(lab, makedumpfile(lab, "small", "-c", "-d", "31"), "elf")
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "thread apply all -ascending info registers rip")
    found = [int(value, 16) for value in re.findall(r"^rip +(0x[0-9a-f]+)", said, re.M)]
    check_equal(found, [registers["rip"] for registers in Elf(reference()).general_registers()], "rip of the threads")


@case
def libkdumpfile_reads_the_results(lab):
    if subprocess.run([PYTHON, "-c", "import kdumpfile"], capture_output=True).returncode != 0:
        raise Skip("python3-kdumpfile is not installed")
    script = ("import kdumpfile, sys; c = kdumpfile.kdumpfile(sys.argv[1]); "
              "print(c.read(kdumpfile.KDUMP_MACHPHYSADDR, 0x1000000, 4096).hex())")
    page = Elf(reference()).read(0x1000000, 4096).hex()
    for form in ("elf", "kdump-raw-zlib", "kdump-raw-lzo", "kdump-raw-snappy", "kdump-raw-zstd"):
        path = convert(lab, reference("ref-paging.elf"), form, "--format", form)
        check_equal(lab.run(PYTHON, "-c", script, path).strip(), page, "libkdumpfile's page of " + form)


@case
def a_kernels_own_dump_keeps_its_notes(lab):
    """As kexec leaves it: NT_PRSTATUS with the process that ran, and no emulator's note."""
    path = convert(lab, reference(), "kernels", "--begin", "0", "--length", "0x10000000")
    elf = Elf(path)
    with open(path, "r+b") as file:
        note, = [segment for segment in elf.segments if segment.type == 4]
        kept, at = b"", 0
        for one in elf.notes:
            size = 12 + (len(one.name) + 4) // 4 * 4 + (len(one.descriptor) + 3) // 4 * 4
            piece = bytearray(elf.note_bytes[at:at + size])
            at += size
            if one.name == "CORE":
                piece[20 + 32:20 + 36] = (1000 + len(kept)).to_bytes(4, "little")  # pr_pid
            kept += b"" if one.name == "QEMU" else piece
        file.seek(note.offset)
        file.write(kept)
        file.seek(64 + 32)
        file.write(len(kept).to_bytes(8, "little") * 2)  # p_filesz, p_memsz
    kernels = Elf(path)
    check_equal([one.name for one in kernels.notes], ["CORE", "CORE", "VMCOREINFO"], "notes")
    check_equal(info(lab, path)["origin"], "kernel", "origin")
    for form in ("elf", "kdump-raw-zlib"):
        guestdump(lab, "compare", path, convert(lab, path, form, "--format", form))
    check_equal(Elf(lab.path("elf")).note_bytes, kernels.note_bytes, "notes of the ELF file")


run_cases()
