#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Linux guest in every kdump format: other tools open it, and it has the contents of QEMU's file."""
import os
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, program, run_cases  # noqa: E402
from kdump import Kdump  # noqa: E402
from vmcore import Elf  # noqa: E402

COMPRESSIONS = ("zlib", "lzo", "snappy", "zstd")


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def dumps(lab, *formats, **arguments):
    """A dump in each of the formats, by format name."""
    machine = lab.vm("-restore", reference())
    paths = {}
    for name in formats:
        paths[name] = lab.path(name)
        machine.dump(paths[name], fmt=name, **arguments)
    return paths


def release():
    return Elf(reference()).vmcoreinfo()["OSRELEASE"]


@case
def crash_finds_the_release_in_every_format(lab):
    need("crash")
    names = ["kdump-" + raw + name for name in COMPRESSIONS for raw in ("", "raw-")]
    for name, path in dumps(lab, *names).items():
        check_equal(lab.run("crash", "--osrelease", path).strip(), release(), "crash --osrelease of " + name)


@case
def makedumpfile_puts_flattened_files_together_to_our_raw_ones(lab):
    need("makedumpfile")
    for name in COMPRESSIONS:
        paths = dumps(lab, "kdump-" + name, "kdump-raw-" + name)
        together = lab.path("together-" + name)
        with open(paths["kdump-" + name], "rb") as flattened:
            done = subprocess.run(["makedumpfile", "-R", together], stdin=flattened, capture_output=True, text=True, timeout=120)
        check_equal(done.returncode, 0, "makedumpfile -R: " + done.stdout + done.stderr)
        lab.run("cmp", together, paths["kdump-raw-" + name])


@case
def makedumpfile_finds_the_kernels_messages(lab):
    need("makedumpfile")
    for name, path in dumps(lab, "kdump-raw-zlib", "kdump-raw-lzo").items():
        messages = lab.path("messages-" + name)
        lab.run("makedumpfile", "--dump-dmesg", path, messages)
        with open(messages, errors="replace") as file:
            check("Linux version " + release() in file.read(), "no version in the messages of " + name)


READ_ALL = """
import kdumpfile, mmap, sys
context = kdumpfile.kdumpfile(sys.argv[1])
with open(sys.argv[2], "rb") as file:
    ram = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
for at in list(range(0, 0xa0000, 4096)) + list(range(0x100000, len(ram), 4096)):
    assert context.read(kdumpfile.KDUMP_MACHPHYSADDR, at, 4096) == ram[at:at + 4096], hex(at)
print(context.attr["linux.uts.release"])
"""


@case
def libkdumpfile_reads_every_page_of_raw_files(lab):
    need_module("kdumpfile")
    for name, path in dumps(lab, *["kdump-raw-" + name for name in COMPRESSIONS]).items():
        check_equal(lab.run(PYTHON, "-c", READ_ALL, path, reference("ram.img")).strip(), release(), "the release in " + name)


OPEN_WITH_DRGN = """
import drgn, sys
program = drgn.Program()
program.set_core_dump(sys.argv[1])
print(program.platform.arch.name, len(program.read(0x100000, 4096, True)))
"""


@case
def drgn_opens_raw_files(lab):
    need_module("drgn")
    for name, path in dumps(lab, *["kdump-raw-" + name for name in COMPRESSIONS]).items():
        check_equal(lab.run(PYTHON, "-c", OPEN_WITH_DRGN, path).strip(), "X86_64 4096", "drgn of " + name)


@case
def makedumpfile_filters_files_that_end_where_the_kernels_memory_does(lab):
    """makedumpfile looks for the second bitmap where it would be if the file ended with the kernel's memory: see
    docs/formats.md.
    """
    need("makedumpfile")
    ram, whole = lab.path("ram"), dumps(lab, "kdump-raw-lzo")["kdump-raw-lzo"]
    lab.vm("-restore", reference()).dump(ram, begin=0, length=os.stat(reference("ram.img")).st_size)
    lab.vm("-restore", ram).dump(lab.path("without-firmware"), fmt="kdump-raw-lzo")
    lab.run("makedumpfile", "-l", "-d", "31", lab.path("without-firmware"), lab.path("small"))
    small = os.stat(lab.path("small")).st_size
    check(0 < small < os.stat(whole).st_size, "filtered to %d bytes", small)
    check_equal(lab.run("crash", "--osrelease", lab.path("small")).strip(), release(), "crash --osrelease")
    # In a small guest, QEMU's file and ours also contain the firmware's pages below 4 GiB. This fails with a
    # makedumpfile that handles them.
    refusal = lab.run("makedumpfile", "-l", "-d", "31", whole, lab.path("refused"), status=None)
    check("makedumpfile Failed." in refusal, "of the whole file it says: %s", refusal)


@case
def zlib_file_has_qemus_headers_bitmaps_and_pages(lab):
    ours, qemus = (Kdump(path) for path in (dumps(lab, "kdump-zlib")["kdump-zlib"], reference("ref.zlib")))
    check_equal(ours.main, qemus.main, "the main header")
    check(ours.bitmaps == qemus.bitmaps, "the bitmaps differ")
    check_equal(len(ours.pfns), len(qemus.pfns), "the number of pages")
    check_equal(ours.notes(), qemus.notes(), "the notes")
    check_equal(ours.vmcoreinfo(), qemus.vmcoreinfo(), "VMCOREINFO")
    # QEMU's bugs: it reads the decimal number as hexadecimal, and has no utsname of the guest.
    number = ours.vmcoreinfo()["NUMBER(phys_base)"]
    check_equal(ours.sub["phys_base"], int(number), "phys_base")
    check_equal({**ours.sub, "phys_base": 0}, {**qemus.sub, "phys_base": 0}, "the sub header")
    check_equal(qemus.utsname, {**dict.fromkeys(qemus.utsname, ""), "machine": "x86_64"}, "QEMU's utsname")
    check_equal((ours.utsname["sysname"], ours.utsname["release"], ours.utsname["machine"]),
                ("Linux", release(), "x86_64"), "utsname")
    check(ours.utsname["machine_version"].startswith("#1 SMP"), "version is %r", ours.utsname["machine_version"])
    for pfn in ours.pfns:
        check(ours.page(pfn) == qemus.page(pfn), "page 0x%x differs", pfn)


@case
def zlib_file_is_no_larger_than_qemus(lab):
    qemus = os.stat(reference("ref.zlib")).st_size
    ours = os.stat(dumps(lab, "kdump-zlib")["kdump-zlib"]).st_size
    check(ours <= qemus, "%d bytes, QEMU's has %d", ours, qemus)


@case
def flattened_files_have_few_large_records(lab):
    flat = Kdump(dumps(lab, "kdump-zlib")["kdump-zlib"]).data
    total = sum(size for _, size, _ in flat.records)
    check(len(flat.records) < 3 + 2 * total / (1 << 20), "%d records for %d bytes", len(flat.records), total)
    ends = [offset + size for offset, size, _ in flat.records]
    check(all(end <= record[0] for end, record in zip(ends, flat.records[1:])), "records overlap")


def far_apart(lab, address):
    """The guest with one more page at @address: the program headers move to the end of the file."""
    path = lab.path("far.elf")
    with open(reference(), "rb") as file:
        data = bytearray(file.read())
    phoff, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    headers = data[phoff:phoff + 56 * count] + struct.pack("<IIQQQQQQ", 1, 0, len(data), address, address, 4096, 4096, 0)
    data += b"far away" * 512
    struct.pack_into("<Q", data, 32, len(data))
    struct.pack_into("<H", data, 56, count + 1)
    with open(path, "wb") as file:
        file.write(data + headers)
    return path


@case
def memory_far_apart_costs_no_zeros_in_a_flattened_file(lab):
    """16 TiB have bitmaps of 1 GiB. makedumpfile and crash take what is in no record for zeros."""
    need("makedumpfile", "crash")
    source, flat, whole = far_apart(lab, 16 << 40), lab.path("far.flat"), lab.path("far.raw")
    lab.run(program("guestdump"), "convert", "--quiet", "--format", "kdump-zlib", source, flat)
    size = os.stat(flat).st_size
    check(size < 64 << 20, "a flattened file of %d bytes", size)
    with open(flat, "rb") as file:
        subprocess.run(["makedumpfile", "-R", whole], stdin=file, stdout=subprocess.DEVNULL, check=True, timeout=120)
    lab.run(program("guestdump"), "compare", "--quiet", source, whole)
    lab.run(program("guestdump"), "compare", "--quiet", source, flat)
    check_equal(lab.run("crash", "--osrelease", flat).strip(), release(), "crash --osrelease")
    if os.environ.get("KERNEL_DEBUG_SYMBOLS"):
        done = subprocess.run(["crash", "-s", kernel_symbols(), flat], input="rd -p %x 1\nq\n" % (16 << 40), text=True,
                              capture_output=True, timeout=120)
        check("far away" in done.stdout, "crash does not read the page that is far away: " + done.stdout)


@case
def any_number_of_threads_gives_the_same_file(lab):
    one = dumps(lab, "kdump-zlib", "kdump-raw-zstd", threads=1)
    copies = {name: path + "-one" for name, path in one.items()}
    for name, path in one.items():
        os.rename(path, copies[name])
    for name, path in dumps(lab, *one, threads=8).items():
        lab.run("cmp", path, copies[name])


@case
def a_part_of_memory_is_read_by_the_tools(lab):
    begin, length = 0x1000000, 0x800000
    part = dumps(lab, "kdump-raw-zlib", begin=begin + 5, length=length - 10)["kdump-raw-zlib"]
    file, whole = Kdump(part), Elf(reference())
    check_equal((file.pfns[0], len(file.pfns)), (begin >> 12, length >> 12), "the pages")
    for pfn in file.pfns:
        check(file.page(pfn) == whole.read(pfn << 12, 4096), "page 0x%x differs", pfn)
    check_equal(lab.run("crash", "--osrelease", part).strip(), release(), "crash --osrelease")
    need_module("kdumpfile")
    script = ("import kdumpfile, sys; c = kdumpfile.kdumpfile(sys.argv[1]); "
              "sys.stdout.buffer.write(c.read(kdumpfile.KDUMP_MACHPHYSADDR, %d, 4096).hex().encode())" % begin)
    check_equal(lab.run(PYTHON, "-c", script, part), whole.read(begin, 4096).hex(), "libkdumpfile's page")


run_cases()
