#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files from which a filter left out pages, converted in every direction: readers see what they see in the source."""
import os
import random
import subprocess

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, program, run_cases
from kdump import Kdump
from vmcore import Elf


LEVEL_31 = ["zero", "cache", "cache-private", "user", "free"]


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def convert(lab, source, name, *options):
    target = lab.path(name)
    lab.run(program("guestdump"), "convert", "--quiet", *options, source, target)
    return target


def filtered(lab, kind):
    """makedumpfile's file of level 31: `elf` or `kdump`."""
    need("makedumpfile")
    target = lab.path("filtered-" + kind)
    if not os.path.exists(target):
        whole = convert(lab, reference(), "whole")
        # makedumpfile -E ends with an error of a bitmap's file, and a whole file.
        subprocess.run(["makedumpfile", "-E" if kind == "elf" else "-c", "-d", "31", whole, target],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        os.remove(whole)
    return target


def states(path):
    """(runs of pages that exist, runs of those that are stored), by page frame."""
    with open(path, "rb") as file:
        is_elf = file.read(4) == b"\x7fELF"
    if is_elf:
        loads = Elf(path).loads
        return (runs((load.paddr >> 12, (load.paddr + load.memsz) >> 12) for load in loads),
                runs((load.paddr >> 12, (load.paddr + load.filesz) >> 12) for load in loads if load.filesz))
    return tuple(runs((pfn, pfn + 1) for pfn in bits(bitmap)) for bitmap in Kdump(path).bitmaps)


def bits(bitmap):
    return (8 * at + bit for at, byte in enumerate(bitmap) if byte for bit in range(8) if byte >> bit & 1)


def runs(pieces):
    joined = []
    for first, end in sorted(pieces):
        if joined and joined[-1][1] == first:
            joined[-1][1] = end
        else:
            joined.append([first, end])
    return joined


@case
def every_conversion_keeps_the_states_of_all_pages(lab):
    for kind in ("elf", "kdump"):
        source = filtered(lab, kind)
        expected, level = states(source), None if kind == "elf" else Kdump(source).sub["dump_level"]
        check(expected[0] != expected[1], "nothing is left out of %s", source)
        ways = ([], ["--format", "kdump-raw-zstd"], ["--format", "kdump-lzo"], ["--format", "kdump-raw-zlib"])
        for number, way in enumerate(ways):
            there = convert(lab, source, "there", *way)
            check(states(there) == expected, "%s to %s: other states", kind, way)
            for back in ways[number == 0:]:
                again = convert(lab, there, "again", *back)
                check(states(again) == expected, "%s to %s to %s: other states", kind, way, back)
                if level is not None and back:
                    check_equal(Kdump(again).sub["dump_level"], level, "%s to %s to %s: dump_level" % (kind, way, back))
            check(lab.run(program("guestdump"), "compare", source, there).strip().endswith("equal"), "not equal")


@case
def pages_that_are_stored_are_the_sources(lab):
    source = Kdump(filtered(lab, "kdump"))
    elf = Elf(convert(lab, filtered(lab, "kdump"), "elf"))
    for pfn in random.Random(1).sample(source.pfns, 1000):
        check(source.page(pfn) == elf.read(pfn << 12, 4096), "page 0x%x differs", pfn)


def stored_and_left_out(path):
    exist, stored = states(path)
    first = stored[0][1]  # the first page after a run of stored ones that begins at 0
    check(any(run[0] <= first < run[1] for run in exist), "page 0x%x does not exist", first)
    return first - 1, first


CRASH = """rd -p %x
rd -p %x
q
"""


def crash_says(lab, path, pfns):
    commands = lab.path("commands")
    with open(commands, "w") as file:
        file.write(CRASH % tuple(pfn << 12 for pfn in pfns))
    done = subprocess.run(["crash", "-s", "-i", commands, kernel_symbols(), path], capture_output=True, text=True, timeout=300)
    return [line for line in done.stdout.splitlines() if line.startswith("rd:") or ":  " in line]


@case
def crash_says_of_pages_that_are_left_out_what_it_says_of_the_source(lab):
    need("crash")
    source = filtered(lab, "kdump")
    pfns = stored_and_left_out(source)
    said = crash_says(lab, source, pfns)
    check_equal(len(said), 2, "lines of crash")
    check("excluded" in said[1], "crash says of makedumpfile's file: %s", said)
    check_equal(crash_says(lab, convert(lab, source, "zstd", "--format", "kdump-raw-zstd"), pfns), said, "crash of a kdump file")
    elf = crash_says(lab, convert(lab, source, "elf"), pfns)
    check_equal(elf[0], said[0], "crash of a stored page in ELF")
    check(elf[1].split()[1:2] == ["0000000000000000"], "crash of a page left out of ELF: %s", elf[1])


READ = """
import drgn, sys
program = drgn.Program()
program.set_core_dump(sys.argv[1])
for pfn in sys.argv[2:]:
    try:
        print(program.read(int(pfn) << 12, 4096, True).hex())
    except Exception as error:
        print("Excluded" in str(error) and "Excluded")
"""


@case
def drgn_reads_zeros_of_elf_and_refuses_of_kdump(lab):
    need_module("drgn")
    source = filtered(lab, "kdump")
    pfns = stored_and_left_out(source)
    page = Kdump(source).page(pfns[0]).hex()
    arguments = [PYTHON, "-c", READ]
    numbers = [str(pfn) for pfn in pfns]
    for fmt, absent in (("elf", bytes(4096).hex()), ("kdump-raw-zlib", "Excluded"), ("kdump-raw-zstd", "Excluded")):
        path = convert(lab, source, "file", "--format", fmt)
        check_equal(lab.run(*arguments, path, *numbers).split(), [page, absent], "drgn of " + fmt)


@case
def makedumpfile_filters_what_is_filtered_to_the_same_pages(lab):
    elf = convert(lab, filtered(lab, "elf"), "elf")
    again = lab.path("again")
    lab.run("makedumpfile", "-c", "-d", "31", elf, again)
    check_equal(Kdump(again).sub["dump_level"], 31, "dump_level")
    lab.run("makedumpfile", "--dump-dmesg", convert(lab, filtered(lab, "kdump"), "elf2"), lab.path("messages"))
    with open(lab.path("messages"), errors="replace") as file:
        check("Linux version" in file.read(), "no messages")


EXCLUDED = """
import kdumpfile, sys
context = kdumpfile.kdumpfile(sys.argv[1])
for pfn in sys.argv[2:]:
    try:
        print(context.read(kdumpfile.KDUMP_MACHPHYSADDR, int(pfn) << 12, 4096).hex())
    except Exception as error:
        print(type(error).__name__, error)
"""


def messages(lab, path):
    lab.run("makedumpfile", "--dump-dmesg", path, lab.path("messages"))
    with open(lab.path("messages"), "rb") as file:
        found = file.read()
    os.remove(lab.path("messages"))
    return found


def with_data(kdump):
    """Pages that are stored, without those of zeros: ELF files have no bytes for these, and kdump files one page for all."""
    return [pfn for pfn in kdump.pfns if any(kdump.page(pfn))]


@case
def readers_of_a_guest_that_we_filtered_see_what_they_see_in_the_whole_dump(lab):
    need("makedumpfile", "gdb")
    need_module("kdumpfile")
    # makedumpfile does not filter kdump files that have firmware above the kernel's memory: see docs/formats.md.
    whole = convert(lab, reference(), "whole", "--begin=0", "--length=%d" % os.stat(reference("ram.img")).st_size)
    expected = messages(lab, whole)
    check(b"Linux version" in expected, "no messages")
    pfns = None
    for form in ("kdump-raw-zlib", "kdump-lzo", "elf"):
        ours = convert(lab, whole, "ours", "-d", "31", "--format", form)
        if not form.startswith("kdump-raw") and form != "elf":  # makedumpfile reads no flattened files
            with open(ours, "rb") as flattened:
                subprocess.run(["makedumpfile", "-R", lab.path("together")], stdin=flattened, capture_output=True, check=True)
            os.replace(lab.path("together"), ours)
        check(messages(lab, ours) == expected, "%s: other messages", form)
        lab.run("makedumpfile", "-c", "-d", "31", ours, lab.path("again"))
        again = Kdump(lab.path("again"))
        check_equal(again.sub["dump_level"], 31, "%s: dump_level of makedumpfile's file" % form)
        if pfns is None:
            pfns = with_data(Kdump(ours))
        check(with_data(again) == pfns, "%s: makedumpfile keeps other pages", form)
        if form != "elf":
            stored, absent = stored_and_left_out(ours)
            said = lab.run(PYTHON, "-c", EXCLUDED, ours, stored, absent).splitlines()
            check_equal(said[0], Elf(whole).read(stored << 12, 4096).hex(), "libkdumpfile of a stored page")
            check("xcluded" in said[1], "libkdumpfile says of a page left out: %s", said[1])
        else:
            asked = [word for command in ("info threads", "info registers", "thread 2", "info registers", "x/8gx $rip")
                     for word in ("-ex", command)]
            both = [lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, *asked, status=None).replace(path, "")
                    for path in (ours, whole)]
            check("rip" in both[0], "gdb: %s", both[0])
            check_equal(both[0], both[1], "what gdb says")
        os.remove(lab.path("again"))


@case
def a_machine_restored_from_a_filtered_file_reads_zeros_and_says_so(lab):
    source = filtered(lab, "kdump")
    exist, stored = states(source)
    machine = lab.vm("-restore", source)
    dumped = lab.path("dumped")
    machine.dump(dumped, fmt="kdump-raw-zlib")
    file = Kdump(dumped)
    check(states(dumped)[1] == exist, "the machine has other memory")
    pfns = stored_and_left_out(source)
    check_equal(file.page(pfns[1]), bytes(4096), "a page that was left out")
    check_equal(file.page(pfns[0]), Kdump(source).page(pfns[0]), "a page that was stored")
    machine.quit()
    count = sum(end - first for first, end in exist) - sum(end - first for first, end in stored)
    said = machine.said()
    check("%d pages were left out of the file; they read as zero" % count in said, "it said: %s", said)


def reads_as_volatility3_does(path, addresses):
    """Memory at physical addresses, found as volatility3's layer of segments finds it: among (p_paddr, p_offset, length)
    in their order, a binary search takes the last one that begins at or below the address. [volatility3 segmented.py,
    elf.py]
    """
    import bisect
    elf = Elf(path)
    segments = [(load.paddr, load.offset, load.memsz, load.filesz) for load in elf.loads]
    for one, following in zip(segments, segments[1:]):
        check(one[0] + one[2] <= following[0], "a segment at 0x%x overlaps or follows one at 0x%x", one[0], following[0])
    found = {}
    for address in addresses:
        paddr, offset, size, stored = segments[bisect.bisect_right([segment[0] for segment in segments], address) - 1]
        check(address < paddr + size, "0x%x is in no segment", address)
        at = offset + address - paddr
        found[address] = elf.data[at:at + 16] if address < paddr + stored else bytes(16)
    return found


@case
def excluded_pages_are_those_that_makedumpfile_excludes(lab):
    need("makedumpfile")
    source = convert(lab, reference(), "whole")
    machine = lab.vm("-restore", reference())
    kinds = ("zero", "cache", "cache-private", "user", "free")
    for level in (1, 2, 4, 8, 16, 31):
        theirs, ours = lab.path("theirs"), lab.path("ours")
        lab.run("makedumpfile", "-c", "-d", level, source, theirs)
        wanted = [kind for bit, kind in enumerate(kinds) if level >> bit & 1]
        machine.dump(ours, fmt="kdump-raw-zlib", exclude=wanted)
        check_equal(Kdump(ours).sub["dump_level"], level, "dump_level")
        # makedumpfile cuts bitmap 1 off after the kernel's last page.
        last = Kdump(theirs).main["max_mapnr"]
        check(runs((pfn, pfn + 1) for pfn in Kdump(ours).pfns if pfn < last) ==
              runs((pfn, pfn + 1) for pfn in Kdump(theirs).pfns), "level %d: other pages", level)
        convert(lab, reference(), "converted", "-d", str(level), "--format", "kdump-raw-zlib")
        lab.run("cmp", ours, lab.path("converted"))
        os.remove(theirs)
    elf = lab.path("elf")
    machine.qmp("human-monitor-command", **{"command-line": "dump-guest-memory -d 31 %s" % elf})
    check(lab.run(program("guestdump"), "compare", elf, ours).strip().endswith("equal"), "ELF has other pages")
    lab.run("makedumpfile", "-c", "-d", "31", elf, lab.path("filtered-again"))
    estimate = machine.qmp("query-dump-estimate", exclude=["free", "user"])
    check_equal(estimate["level"], 24, "the estimate's level")
    check(sum(count["pages"] for count in estimate["pages"] if count["class"] == "free") > 1000, "free pages: %s", estimate)


@case
def a_filtered_dump_is_the_same_through_a_pipe_and_by_hmp(lab):
    machine = lab.vm("-restore", reference())
    hmp = lambda line: machine.qmp("human-monitor-command", **{"command-line": line})
    for form, flag in (("kdump-zlib", "-z "), ("elf", "")):
        machine.dump(lab.path("file"), fmt=form, exclude=LEVEL_31)
        reader, writer = os.pipe()
        machine.qmp("getfd", fds=[writer], fdname="target")  # as libvirt passes the target of virsh dump
        os.close(writer)
        machine.qmp("dump-guest-memory", paging=False, protocol="fd:target", format=form, detach=True, exclude=LEVEL_31)
        with open(reader, "rb") as pipe, open(lab.path("file"), "rb") as file:
            check(pipe.read() == file.read(), "%s: the pipe got other bytes than the file", form)
        check_equal(machine.qmp.wait_event("DUMP_COMPLETED")["data"]["result"]["status"], "completed", "status")
        check_equal(hmp("dump-guest-memory %s-d 31 %s" % (flag, lab.path("by-hmp"))), "", "what HMP says")
        lab.run("cmp", lab.path("by-hmp"), lab.path("file"))
    check("32" in hmp("dump-guest-memory -d 32 %s" % lab.path("none")), "HMP takes level 32")
    check(not os.path.exists(lab.path("none")), "there is a file")


@case
def a_filtered_dump_is_the_same_for_any_number_of_threads_and_flattened(lab):
    whole = convert(lab, reference(), "one", "-d", "31", "--format", "kdump-raw-zlib", "--threads", "1")
    lab.run("cmp", whole, convert(lab, reference(), "many", "-d", "31", "--format", "kdump-raw-zlib", "--threads", "7"))
    flat = convert(lab, reference(), "flat", "-d", "31", "--format", "kdump-zlib")
    lab.run("cmp", whole, convert(lab, flat, "raw", "--format", "kdump-raw-zlib"))
    part = convert(lab, reference(), "part", "-d", "31", "--format", "kdump-raw-zlib", "--begin=0x1000000", "--length=0x800000")
    expected = [pfn for pfn in Kdump(whole).pfns if 0x1000 <= pfn < 0x1800]
    check_equal(Kdump(part).pfns, expected, "pages of a range")
    paged = Elf(convert(lab, reference(), "paged", "-d", "31", "--paging"))
    stored = {pfn for load in paged.loads for pfn in range(load.paddr >> 12, (load.paddr + load.filesz) >> 12)}
    check(set(Kdump(whole).pfns) >= stored, "paging stores more pages")


@case
def program_headers_are_as_volatility3_needs_them(lab):
    for options in ([], ["--begin=0x800000", "--length=0xb000000"]):
        path = convert(lab, reference(), "ascending", *options)
        elf = Elf(path)
        kernel = [load for load in elf.loads if load.vaddr >= 0xffffffff80000000]
        check_equal(len(kernel), 1, "segments of the kernel's image")
        end = kernel[0].paddr + kernel[0].memsz
        places = [kernel[0].paddr - 4096, kernel[0].paddr, end - 16, 0x900000] + ([] if options else [end])
        with open(reference("ram.img"), "rb") as ram:
            for address, data in reads_as_volatility3_does(path, places).items():
                ram.seek(address)
                check_equal(data, ram.read(16), "memory at 0x%x" % address)
    reads_as_volatility3_does(convert(lab, filtered(lab, "kdump"), "left-out"), [0])


run_cases()
