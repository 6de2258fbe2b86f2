#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How kdump-zlib scales: seconds per GiB from 1 to 8 GiB, and crash's time to open a flattened 32 GiB guest."""
import os
import struct
import sys

from bench import FILL_MIB, GIB, MEMORY_MIB, MIB, Report, describe, fresh_dump, in_turn, second_of, timed, tmpfs_lab
from lab import Skip, kernel_symbols, linux_guest
from vmcore import PT_NOTE, Elf

SIZES_GIB = tuple(int(word) for word in os.environ.get("BENCH_GROWTH_GIB", "1 2 4 8").split())
SPARSE_GIB = 32
RUNS_OF_SESSIONS = 3
PAGE = 4096


def tagged(unit, number):
    """@unit with the number of its copy in every nonzero page, so that pages of different copies differ."""
    copy, zero, tag = bytearray(unit), bytes(PAGE), struct.pack("<Q", number)
    for at in range(0, len(copy), PAGE):
        if copy[at:at + PAGE] != zero:
            copy[at + PAGE // 2:at + PAGE // 2 + 8] = tag
    return copy


def repeated_guest(lab):
    """A RAM file of the largest size: copies of one GiB of a real guest's memory, so that every GiB is equally hard."""
    path = lab.path("ram.img")
    with open(os.path.join(linux_guest("--memory", str(MEMORY_MIB), "--fill", str(FILL_MIB)), "ram.img"), "rb") as file:
        unit = file.read(min(GIB, MEMORY_MIB * MIB))
    unit *= GIB // len(unit)
    with open(path, "wb") as out:
        for number in range(max(SIZES_GIB)):
            out.write(tagged(unit, number + 1))
    return path


def size_of_guest(report):
    # The RAM file, a dump of it, and some room because some pages hardly compress.
    with tmpfs_lab(max(SIZES_GIB) * 3 // 2 * GIB) as lab:
        ram, target = repeated_guest(lab), lab.path("target")

        def dump(gib):
            options = ["-S", "-machine", "q35,memory-backend=ram", "-vga", "none", "-m", "%dG" % gib, "-object",
                       "memory-backend-file,id=ram,size=%dG,mem-path=%s,share=on" % (gib, ram)]

            return second_of(lambda: fresh_dump(lab.vm, options, target, fmt="kdump-zlib"))

        times = in_turn(**{"%d_GiB" % gib: dump(gib) for gib in SIZES_GIB})
    each = [seconds / gib for gib, seconds in zip(SIZES_GIB, times.values())]
    report.note(", ".join("%d GiB %.3f s/GiB" % pair for pair in zip(SIZES_GIB, each)))
    ratio = max(each) / min(each)
    report.row("kdump-zlib, most by least seconds per GiB", "<= 1.2", "%.2f" % ratio, ratio <= 1.2)


def sparse_guest(lab):
    """A vmcore of a small real guest with a hole for memory from 4 GiB on, like that of a hardly used 32 GiB guest."""
    small, path = Elf(os.path.join(linux_guest(), "ref.elf")), lab.path("sparse")
    note, = [segment for segment in small.segments if segment.type == PT_NOTE]
    count = 2 + len(small.loads)
    at = 64 + 56 * count
    segments = [note._replace(offset=at)]
    at = (at + note.filesz + PAGE - 1) // PAGE * PAGE
    for load in small.loads:
        segments.append(load._replace(offset=at))
        at += (load.filesz + PAGE - 1) // PAGE * PAGE
    segments.append(small.loads[-1]._replace(offset=at, vaddr=4 * GIB, paddr=4 * GIB, filesz=SPARSE_GIB * GIB, memsz=SPARSE_GIB * GIB))
    with open(path, "wb") as out:
        header = bytearray(small.data[:64])
        struct.pack_into("<QQIHHHHHH", header, 32, 64, 0, 0, 64, 56, count, 0, 0, 0)
        out.write(header)
        for segment in segments:
            out.write(struct.pack("<IIQQQQQQ", *segment))
        for old, new in zip([note, *small.loads], segments):
            out.seek(new.offset)
            out.write(small.data[old.offset:old.offset + old.filesz])
        out.truncate(at + SPARSE_GIB * GIB)
    return path


def opening_of_flattened(report):
    with tmpfs_lab(4 * GIB) as lab:
        guest, flattened, raw = sparse_guest(lab), lab.path("flattened"), lab.path("raw")
        machine = lab.vm("-restore", guest)
        report.note("a guest of %d GiB, hardly used: %.2f s flattened, %.2f s raw" % (
            SPARSE_GIB, machine.dump(flattened, fmt="kdump-zlib"), machine.dump(raw, fmt="kdump-raw-zlib")))
        machine.kill()

        def header(path):
            return lambda: timed(lambda: lab.run("crash", "--osrelease", path))

        times = in_turn(flattened=header(flattened), raw=header(raw))
        report.note("crash --osrelease, which reads little more than the headers: " + describe(times))
        try:
            vmlinux = kernel_symbols()
        except Skip as reason:
            report.note("no session with crash: it %s" % reason)
            return

        with open(lab.path("commands"), "w") as out:
            out.write("quit\n")

        def session(path):
            return lambda: timed(lambda: lab.run("crash", "-s", "-i", lab.path("commands"), vmlinux, path, timeout=300))

        times = in_turn(RUNS_OF_SESSIONS, flattened=session(flattened), raw=session(raw))
        report.note("crash with the kernel's symbols, to its prompt: " + describe(times))
        ratio = times["flattened"] / times["raw"]
        report.row("crash opens it flattened, time of raw", "<= 2", "%.2f" % ratio, ratio <= 2)


def main():
    report = Report("growth")
    size_of_guest(report)
    opening_of_flattened(report)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
