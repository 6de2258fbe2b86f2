#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kdump formats, compared with QEMU and makedumpfile on a real guest's RAM: one and two threads, size and memory."""
import os
import sys

from bench import FILL_MIB, MEMORY_MIB, MIB, MemoryWatch, Report, describe, fresh_dump, guest_ram, in_turn, over_ram_file, second_of, timed, tmpfs_lab
from lab import linux_guest

RUNS_OF_SLOW_ONES = 3


def speeds(report, lab, options):
    ours, other = lab.path("ours"), lab.path("other")
    # The input of makedumpfile: it cannot open QEMU's file, and needs the guest's note.
    elf, frozen = lab.path("elf"), linux_guest("--memory", str(MEMORY_MIB), "--fill", str(FILL_MIB))
    fresh_dump(lab.vm, ["-restore", os.path.join(frozen, "ref.elf")], elf)
    sizes = {}

    def dump(**arguments):
        return second_of(lambda: fresh_dump(lab.vm, options, ours, **arguments))

    def makedumpfile(option):
        def run():
            if os.path.exists(other):
                os.unlink(other)
            return timed(lambda: lab.run("makedumpfile", option, elf, other, timeout=300))
        return run

    def qemu():
        seconds = fresh_dump(lab.qemu, options, other, fmt="kdump-zlib")
        sizes["qemu"] = os.stat(other).st_size
        return seconds

    # The two slow programs run once per turn: what second_of() saves does not matter for them.
    unshared = {"fmt": "kdump-zlib", "level": 1, "share-pages": False}
    times = in_turn(RUNS_OF_SLOW_ONES, zlib=dump(fmt="kdump-zlib"), level_1=dump(**unshared),
                    qemu=qemu, makedumpfile_c=makedumpfile("-c"))
    report.note(describe(times))
    for name, other_name, least in (("zlib", "qemu", 12), ("zlib", "makedumpfile_c", 12), ("level_1", "qemu", 5)):
        ratio = times[other_name] / times[name]
        report.row("%s, times as fast as %s" % (name, other_name), ">= %d" % least, "%.1f" % ratio, ratio >= least)

    times = in_turn(lzo=dump(fmt="kdump-raw-lzo"), snappy=dump(fmt="kdump-raw-snappy"), zstd=dump(fmt="kdump-raw-zstd"),
                    makedumpfile_l=second_of(makedumpfile("-l")))
    report.note(describe(times))
    for name, least in (("lzo", 3), ("snappy", 3), ("zstd", 1)):
        ratio = times["makedumpfile_l"] / times[name]
        report.row("raw-%s, times as fast as makedumpfile -l" % name, ">= %d" % least, "%.1f" % ratio, ratio >= least)

    times = in_turn(two=dump(fmt="kdump-zlib", threads=2), one=dump(fmt="kdump-zlib", threads=1))
    report.note(describe(times))
    ratio = times["one"] / times["two"]
    report.row("two threads, times as fast as one", ">= 1.8", "%.2f" % ratio, ratio >= 1.8)

    for name, arguments in (("zlib", {"fmt": "kdump-zlib"}), ("zstd", {"fmt": "kdump-raw-zstd"}),
                            ("level_1", unshared)):
        dump(**arguments)()
        sizes[name] = os.stat(ours).st_size
    for name, base, most in (("zlib", "qemu", 1), ("level_1", "qemu", 1.03), ("zstd", "zlib", 1)):
        ratio = sizes[name] / sizes[base]
        report.row("size of %s, of that of %s" % (name, base), "<= %s" % most, "%.3f" % ratio, ratio <= most)


def memory(report, lab, options):
    machine = lab.vm(*options)
    machine.qmp("query-status")
    with MemoryWatch(machine.process.pid) as watch:
        machine.dump(lab.path("ours"), fmt="kdump-zlib")
    machine.kill()
    report.row("peak memory beyond guest RAM", "< 96 MiB", "%.1f MiB" % (watch.peak / MIB), watch.peak < 96 * MIB)


def main():
    report = Report("kdump")
    with tmpfs_lab(4 * MEMORY_MIB * MIB) as lab:
        ram = guest_ram(lab)
        report.note("a Linux guest of %d MiB, %d MiB of it in use; target on tmpfs" % (MEMORY_MIB, os.stat(ram).st_blocks * 512 / MIB))
        options = over_ram_file(ram)
        speeds(report, lab, options)
        memory(report, lab, options)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
