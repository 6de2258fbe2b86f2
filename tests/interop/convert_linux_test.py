#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real files of a real Linux guest, from QEMU and makedumpfile, converted to every format and back; other tools open
the results.
"""
import json
import os
import re
import struct
import subprocess

from lab import Skip, case, check, check_equal, linux_guest, need, program, run_cases
from kdump import Kdump
from vmcore import Elf, difference

FORMATS = ["elf"] + ["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")] + ["vbox-core"]
SOME_FORMATS = ["elf", "kdump-zlib", "kdump-raw-lzo", "kdump-snappy", "kdump-raw-zstd", "vbox-core"]
FEW_FORMATS = ["kdump-raw-lzo", "vbox-core", "elf"]
PYTHON = "/usr/bin/python3"  # Debian's, which finds Debian's modules
FLAT_END = b"\xff" * 16
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


def check_same(lab, source, came):
    check_equal(guestdump(lab, "compare", source, came).splitlines()[:-1], [], "differences")


def check_through_formats(lab, source, formats=SOME_FORMATS):
    """Converts from format to format, each time the previous output, and compares the last with the first."""
    guestdump(lab, "verify", source)
    came = source
    for number, form in enumerate(formats):
        came = convert(lab, came, "stage%d" % number, "--format", form)
        check_same(lab, source, came)
        if number > 0:
            os.unlink(lab.path("stage%d" % (number - 1)))
    guestdump(lab, "verify", came)
    back = convert(lab, came, "back")
    check_same(lab, source, back)
    check_equal(Elf(back).vmcoreinfo()["OSRELEASE"], release(), "release")


def makedumpfile(lab, name, *options):
    need("makedumpfile")
    path = lab.path(name)
    source = convert(lab, reference(), "source")  # it cannot open QEMU's own file
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
    check_through_formats(lab, reference(), formats=FORMATS)
    for name in ("ref-paging.elf", "ref.zlib"):
        check_through_formats(lab, reference(name))


def writer(lab, path):
    return info(lab, path).get("written-by")


@case
def info_names_the_writer_only_if_it_is_sure(lab):
    for name in ("ref.elf", "ref-paging.elf", "ref.zlib"):
        check_equal(writer(lab, reference(name)), "qemu", "writer of " + name)
    for form in FORMATS:
        check_equal(writer(lab, convert(lab, reference(), "ours", "--format", form)), None, "writer of our " + form)
    check_equal(writer(lab, convert(lab, reference(), "ours", "--format", "kdump-lzo", *PART)), None, "writer of our part")
    check_equal(writer(lab, convert(lab, reference(), "ours", "--paging")), None, "writer of ours with paging")
    for options in (["-c"], ["-l"], ["-p"], ["-d", "1"], ["-c", "-d", "31"], ["-E"], ["-E", "-d", "31"], ["-F", "-c"]):
        path = makedumpfile(lab, "file", *options)
        check_equal(writer(lab, path), None, "writer by makedumpfile %s" % options)
        os.unlink(path)


@case
def makedumpfiles_compressed_files_go_through_the_formats(lab):
    for option in ("-c", "-l"):
        check_through_formats(lab, makedumpfile(lab, "file", option), FEW_FORMATS)
        os.unlink(lab.path("file"))


@case
def makedumpfiles_filtered_files_go_through_the_formats(lab):
    for options in (["-d", "31"], ["-c", "-d", "31"], ["-E", "-d", "31"], ["-F", "-c", "-d", "31"]):
        check_through_formats(lab, makedumpfile(lab, "file", *options), FEW_FORMATS)
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
    said = guestdump(lab, "convert", lab.path("one"), lab.path("out"), status=2)
    check("is one file of a split set" in said and "name all files of the set" in said, "convert says %s", said)
    guestdump(lab, "verify", lab.path("two"), status=1)
    check(not os.path.exists(lab.path("out")), "an output is there")
    lab.run("makedumpfile", "--reassemble", lab.path("one"), lab.path("two"), lab.path("whole"))
    check_equal(info(lab, lab.path("whole"))["dump-level"], 31, "dump level of the set that was put together")
    guestdump(lab, "verify", lab.path("whole"))
    guestdump(lab, "compare", lab.path("whole"), lab.path("one"), lab.path("two"))


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


def put_together(lab, source, name):
    """Reassembles the flattened file @source with makedumpfile."""
    need("makedumpfile")
    if os.path.exists(lab.path(name)):
        os.unlink(lab.path(name))  # makedumpfile does not overwrite files
    with open(source, "rb") as flat:
        done = subprocess.run(["makedumpfile", "-R", lab.path(name)], stdin=flat, capture_output=True, timeout=120)
    check_equal(done.returncode, 0, "makedumpfile's status: %s" % done.stderr[-300:])
    return lab.path(name)


def stored_pages(kdump):
    """Size, flags and bytes of each page as stored in the file."""
    return {pfn: (size, flags, bytes(kdump.data[offset:offset + size])) for pfn, (offset, size, flags, _) in kdump.stored.items()}


@case
def pages_of_the_same_compression_are_kept_and_headers_repaired(lab):
    before = Kdump(put_together(lab, reference("ref.zlib"), "qemus"))
    for source in (reference("ref.zlib"), lab.path("qemus")):
        path = convert(lab, source, "ours", "--format", "kdump-raw-zlib")
        after = Kdump(path)
        check(stored_pages(after) == stored_pages(before), "stored pages differ")
        check_equal(after.bitmaps, before.bitmaps, "bitmaps")
        check_equal(before.utsname["release"], "", "release in QEMU's header")
        check_equal(after.utsname["release"], release(), "release in ours")
        check_equal(after.sub["phys_base"], int(Elf(reference()).vmcoreinfo()["NUMBER(phys_base)"]), "phys_base")
        check(before.sub["phys_base"] != after.sub["phys_base"], "QEMU's phys_base is right")
        guestdump(lab, "verify", path)
        guestdump(lab, "compare", reference(), path)
        need("crash")
        check_equal(lab.run("crash", "--osrelease", path).strip(), release(), "crash --osrelease")


@case
def our_own_file_is_the_same_after_any_number_of_conversions(lab):
    for name in ("zlib", "zstd"):
        raw = convert(lab, reference(), "raw", "--format", "kdump-raw-" + name)
        flat = convert(lab, raw, "flat", "--format", "kdump-" + name)
        lab.run("cmp", raw, convert(lab, flat, "again", "--format", "kdump-raw-" + name))
        lab.run("cmp", flat, convert(lab, lab.path("again"), "flat-again", "--format", "kdump-" + name))
        lab.run("cmp", raw, put_together(lab, flat, "theirs"))


@case
def a_level_has_pages_compressed_anew(lab):
    before = Kdump(convert(lab, reference("ref.zlib"), "before", "--format", "kdump-raw-zlib"))
    after = Kdump(convert(lab, lab.path("before"), "after", "--format", "kdump-raw-zlib", "--level", "9"))
    size = [sum(place[1] for place in kdump.stored.values()) for kdump in (before, after)]
    check(size[1] < size[0], "level 9 has %d bytes of pages, QEMU's level %d", size[1], size[0])


def patched(lab, name, *records, cut=0):
    """QEMU's flattened file with additional records before its end, or without its last @cut bytes."""
    with open(reference("ref.zlib"), "rb") as file:
        data = file.read()
    check_equal(data[-16:], FLAT_END, "the end of QEMU's file")
    more = b"".join(struct.pack(">qq", offset, len(piece)) + piece for offset, piece in records)
    with open(lab.path(name), "wb") as file:
        file.write(data[:len(data) - cut] if cut else data[:-16] + more + FLAT_END)
    return lab.path(name)


@case
def later_records_of_a_flattened_file_win_as_with_makedumpfile(lab):
    place = next(place for place in Kdump(put_together(lab, reference("ref.zlib"), "qemus")).stored.values() if place[2] == 0 and place[1])
    path = patched(lab, "overlap", (place[0] + 100, b"over"), (place[0] + 102, b"lap"))
    theirs = Kdump(put_together(lab, path, "theirs"))
    ours = Kdump(convert(lab, path, "ours", "--format", "kdump-raw-zlib"))
    check(stored_pages(ours) == stored_pages(theirs), "stored pages differ")
    check(any(stored[100:105] == b"ovlap" for _, _, stored in stored_pages(ours).values()), "the records are not seen")


@case
def cut_and_hostile_flattened_files_say_why_and_leave_nothing(lab):
    size = os.path.getsize(reference("ref.zlib"))
    asked = {
        patched(lab, "cut1", cut=1): "of 16 bytes at offset %d ends beyond the file, which has %d bytes" % (size - 16, size - 1),
        patched(lab, "cut16", cut=16): "of 16 bytes at offset %d ends beyond" % (size - 16),
        patched(lab, "cut5000", cut=5000): "ends beyond the file, which has %d bytes" % (size - 5000),
        patched(lab, "cut-half", cut=size // 2): "ends beyond the file, which has %d bytes" % (size - size // 2),
        patched(lab, "negative", (-7, b"x")): "has size 1 and offset -7",
        patched(lab, "far", ((1 << 63) - 2, b"xxx")): "has size 3 and offset %d" % ((1 << 63) - 2),
        patched(lab, "bitmaps", (436, b"\xff\xff\xff\x7f")): "bitmaps of",
    }
    with open(lab.path("out"), "w") as out:
        out.write("older")
    for path, words in asked.items():
        for command in (["convert", path, lab.path("out"), "--format", "kdump-raw-zlib"], ["convert", path, lab.path("out")]):
            said = guestdump(lab, *command, status=2)
            check(words in said and path in said, "%s: %s", os.path.basename(path), said)
        if os.path.basename(path).startswith("cut"):
            check("cut off" in guestdump(lab, "info", path), "info does not say that %s was cut off", path)
            guestdump(lab, "verify", path, status=1)
        else:
            check(words in guestdump(lab, "info", path, status=2), "info takes %s", path)
        with open(lab.path("out")) as out:
            check_equal(out.read(), "older", "the older file")
        os.unlink(path)
    # A version that does not exist yet leads to a warning.
    check("header version 9" in guestdump(lab, "info", patched(lab, "version", (8, b"\x09"))), "no warning of version 9")
    # Copying page data does not check page contents, because pages are not decompressed.
    guestdump(lab, "convert", patched(lab, "wild", (1 << 40, b"wild")), lab.path("out"), "--format", "kdump-raw-zlib")
    check(os.path.getsize(lab.path("out")) < size, "bytes of no page were taken over")


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
        # A kdump file records what was left out; an ELF file of a range does not.
        leaves_out = form.startswith("kdump")
        said = guestdump(lab, "compare", lab.path("part"), part, status=1 if leaves_out else 0)
        check("0 pages differ" in said, "%s: %s", form, said)
        check_equal("is left out of the second" in said, leaves_out, form)


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
    """A dump as kexec leaves it: NT_PRSTATUS with the process that ran, and no emulator's note."""
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
