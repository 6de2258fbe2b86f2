#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the compressors on one thread and the pages of a real guest. README's figures come from this benchmark."""
import statistics
import subprocess
import sys

from bench import RUNS, Report, guest_ram, tmpfs_lab
from paging_modes_test import build_file


def main():
    report = Report("compressors, one thread, MB/s and share of the size")
    speeds, shares = {}, {}
    with tmpfs_lab(3 << 30) as lab:
        ram = guest_ram(lab)
        for _ in range(RUNS):
            done = subprocess.run([build_file("tests", "bench", "compressor-bench"), ram], capture_output=True, text=True, check=True)
            for line in done.stdout.splitlines():
                name, speed, share = line.split()
                speeds.setdefault(name, []).append(float(speed))
                shares[name] = share
    for name, values in speeds.items():
        report.note("%-14s %6.0f MB/s  %s" % (name, statistics.median(values), shares[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
