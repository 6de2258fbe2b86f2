#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Page filtering by itself: how fast a guest's memory map is judged, on one thread and on two, and what a large guest takes."""
import statistics
import subprocess
import sys

from bench import RUNS, Report, in_turn
from paging_modes_test import build_file

GIB_A_SECOND = 30


def judged(gib, mapped, threads, kind, results=None):
    """Seconds that filtering takes."""
    done = subprocess.run([build_file("tests", "bench", "memory-map-bench"), str(gib), str(mapped), str(threads), kind],
                          capture_output=True, text=True, check=True)
    milliseconds, busy, pages, mib = done.stdout.split()
    if results is not None:
        results.append((int(pages), float(mib), float(busy) / 1000))
    return float(milliseconds) / 1000


def main():
    report = Report("page filtering, memory map alone")
    for kind in ("even", "fragmented"):
        results = []
        times = in_turn(RUNS, one=lambda: judged(16, 16, 1, kind), two=lambda: judged(16, 16, 2, kind, results))
        speed = 16 / times["two"]
        report.row("16 GiB of memory, %s, two threads" % kind, ">= %d GiB/s" % GIB_A_SECOND, "%.0f GiB/s" % speed,
                   speed >= GIB_A_SECOND)
        busy = statistics.median(seconds for _, _, seconds in results)
        report.note("one thread: %.0f GiB/s; a second of one processor: %.0f GiB" % (16 / times["one"], 16 / busy))
    results = []
    seconds = judged(1024, 64, 2, "even", results)
    allowed = 32 + 1024 * 2 ** 30 / 4096 / 8 / 2 ** 20
    report.row("1 TiB, of which 64 GiB have struct pages", "seconds", "%.2f s" % seconds, seconds < 5)
    report.row("memory that this takes besides the guest's", "< %.0f MiB" % allowed, "%.0f MiB" % results[0][1],
               results[0][1] < allowed)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
