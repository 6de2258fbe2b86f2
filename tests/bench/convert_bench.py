#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares guestdump convert with makedumpfile on the same pairs of formats, for a real guest with most memory in use.

Debian's makedumpfile has neither snappy nor zstd.
"""
import os
import subprocess
import sys

from bench import FILL_MIB, MEMORY_MIB, MIB, RUNS, Report, describe, in_turn, timed, tmpfs_lab
from lab import linux_guest, program


def fresh(path):
    if os.path.exists(path):
        os.unlink(path)


def on_tmpfs(lab, path, name):
    subprocess.run(["cp", path, lab.path(name)], check=True)
    return lab.path(name)


def ours(lab, source, form):
    def run():
        fresh(lab.path("ours"))
        return timed(lambda: lab.run(program("guestdump"), "convert", "--format", form, source, lab.path("ours"), timeout=600))
    return run


def makedumpfile(lab, source, *options):
    def to_file():
        fresh(lab.path("other"))
        return timed(lambda: lab.run("makedumpfile", *options, source, lab.path("other"), timeout=600))

    def through_pipes():
        fresh(lab.path("other"))
        command = ["makedumpfile", *options] + ([lab.path("other")] if "-R" in options else [source])
        with open(source, "rb") as stdin, open(lab.path("other-flat"), "wb") as stdout:
            return timed(lambda: subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, check=True, timeout=600))

    return through_pipes if {"-F", "-R"} & set(options) else to_file


def main():
    report = Report("convert")
    with tmpfs_lab(5 * MEMORY_MIB * MIB) as lab:
        guest = linux_guest("--memory", str(MEMORY_MIB), "--fill", str(FILL_MIB))
        reference = os.path.join(guest, "ref.elf")
        qemus = on_tmpfs(lab, os.path.join(guest, "ref.zlib"), "qemus")
        elf, kdump, flat = lab.path("elf"), lab.path("kdump"), lab.path("flat")
        lab.run(program("guestdump"), "convert", reference, elf)  # in a form that makedumpfile can open
        lab.run("makedumpfile", "-c", elf, kdump, timeout=600)
        with open(flat, "wb") as out:
            subprocess.run(["makedumpfile", "-F", "-c", elf], stdout=out, stderr=subprocess.DEVNULL, check=True, timeout=600)
        report.note("a Linux guest of %d MiB; all files on tmpfs" % MEMORY_MIB)
        pairs = (
            ("ELF to kdump, zlib", ours(lab, elf, "kdump-raw-zlib"), makedumpfile(lab, elf, "-c")),
            ("ELF to kdump, lzo", ours(lab, elf, "kdump-raw-lzo"), makedumpfile(lab, elf, "-l")),
            ("ELF to flattened, zlib", ours(lab, elf, "kdump-zlib"), makedumpfile(lab, elf, "-F", "-c")),
            ("ELF to ELF", ours(lab, elf, "elf"), makedumpfile(lab, elf, "-E")),
            ("kdump zlib to kdump lzo", ours(lab, kdump, "kdump-raw-lzo"), makedumpfile(lab, kdump, "-l")),
            ("kdump zlib to kdump zlib", ours(lab, kdump, "kdump-raw-zlib"), makedumpfile(lab, kdump, "-c")),
            ("kdump to flattened, both zlib", ours(lab, kdump, "kdump-zlib"), makedumpfile(lab, kdump, "-F", "-c")),
            ("flattened to kdump, both zlib", ours(lab, flat, "kdump-raw-zlib"), makedumpfile(lab, flat, "-R")),
            ("QEMU's flattened to kdump, both zlib", ours(lab, qemus, "kdump-raw-zlib"), makedumpfile(lab, qemus, "-R")),
        )
        for name, one, other in pairs:
            times = in_turn(min(RUNS, 3), guestdump=one, makedumpfile=other)
            report.note("%s: %s" % (name, describe(times)))
            ratio = times["makedumpfile"] / times["guestdump"]
            report.row(name + ", times as fast as makedumpfile", ">= 1", "%.1f" % ratio, ratio >= 1)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
