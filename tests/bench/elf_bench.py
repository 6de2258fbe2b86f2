#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The ELF dump: compared with QEMU's and with cp, its memory, and a huge guest with hardly any memory in use."""
import os
import subprocess
import sys

from bench import (FILL_MIB, GIB, MEMORY_MIB, MIB, MemoryWatch, Report, describe, fresh_dump, guest_ram, in_turn, over_ram_file,
                   resident, timed, tmpfs_lab)


def real_guest(report, fill_mib):
    with tmpfs_lab(3 * MEMORY_MIB * MIB) as lab:
        ram, target = guest_ram(lab, fill_mib), lab.path("target")
        options = over_ram_file(ram)
        report.note("a Linux guest of %d MiB, %d MiB of it in use; target on tmpfs" % (MEMORY_MIB, os.stat(ram).st_blocks * 512 / MIB))

        def as_the_guest_left_it():
            # QEMU's dump allocates all pages that the guest never had; the next program would read 2 GiB of zeros.
            subprocess.run(["fallocate", "--dig-holes", ram], check=True)

        def dump(start):
            as_the_guest_left_it()
            return fresh_dump(start, options, target)

        def copy():
            as_the_guest_left_it()
            if os.path.exists(target):
                os.unlink(target)
            return timed(lambda: lab.run("cp", "--sparse=always", ram, target))

        times = in_turn(guestdump=lambda: dump(lab.vm), qemu=lambda: dump(lab.qemu), cp=copy)
        report.note(describe(times))
        speed, copies = times["qemu"] / times["guestdump"], times["guestdump"] / times["cp"]
        report.row("ELF dump, times as fast as QEMU", ">= 5", "%.1f" % speed, speed >= 5)
        report.row("ELF dump, time of cp --sparse=always", "<= 1", "%.2f" % copies, copies <= 1)
        peak = peak_memory(lab, options, target)
        report.row("peak memory beyond guest RAM", "< 64 MiB", "%.1f MiB" % (peak / MIB), peak < 64 * MIB)


def peak_memory(lab, options, target):
    os.unlink(target)
    machine = lab.vm(*options)
    machine.qmp("query-status")
    with MemoryWatch(machine.process.pid) as watch:
        machine.dump(target)
    machine.kill()
    return watch.peak


def backing(pid):
    """Size of a process's memfds, bytes."""
    folder = "/proc/%d/fd" % pid
    return sum(os.stat(os.path.join(folder, name)).st_blocks * 512 for name in os.listdir(folder)
               if os.readlink(os.path.join(folder, name)).startswith("/memfd:"))


def untouched_guest(report):
    with tmpfs_lab(GIB) as lab:
        machine = lab.vm("-S", "-machine", "q35,memory-backend=ram", "-m", "64G",
                         "-object", "memory-backend-memfd,id=ram,size=64G,share=on")
        machine.qmp("query-status")
        seconds = machine.dump(lab.path("target"))
        size = os.stat(lab.path("target"))
        held = max(backing(machine.process.pid), resident(machine.process.pid, "RssShmem"))
        report.row("never-touched 64 GiB guest (memfd)", "seconds", "%.2f s" % seconds, seconds < 5)
        report.row("its file of %.1f GiB, allocated" % (size.st_size / GIB), "sparse", "%.2f MiB" % (size.st_blocks * 512 / MIB),
                   size.st_blocks * 512 < 64 * MIB)
        report.row("its memory after the dump", "unallocated", "%.2f MiB" % (held / MIB), held < 64 * MIB)


def main():
    report = Report("ELF")
    real_guest(report, fill_mib=0)
    real_guest(report, FILL_MIB)
    untouched_guest(report)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
