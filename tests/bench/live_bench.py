#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long live dumps stop a guest, and what they cost it: live_bench.py [--quick] [SIZE_IN_MIB...].

For guests of these sizes whose vCPUs are idle, or write all of memory as fast as they can, in pages of 4 KiB and, if the
host has enough of them to give, of 2 MiB. Dumps go to /dev/null, as ELF. Prints for each:

  stop    the time between halting and running the vCPUs, by the machine (query-dump)
  events  the time between the events STOP and RESUME
  gap     the longest time in which a vCPU made no step, by the guest, during the stop
  whole   the time of the command, as a multiple of that of a dump that stops the guest
  rate    pages that the guest wrote in a second, as a share of those that it writes without a dump
"""
import os
import pathlib
import statistics
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from lab import Lab  # noqa: E402  (found through the line above)
from lab.sweeper import PAGE, REPORTS, VCPUS, Sweeper  # noqa: E402

MIB = 1 << 20
QUICK = "--quick" in sys.argv  # 256 MiB and few dumps
DUMPS = int(os.environ.get("LIVE_DUMPS", "5" if QUICK else "20"))
SIZES = [256] if QUICK else [256, 1024, 4096, 8192]
HUGE = "/dev/shm/live-bench-huge"


def cycles_per_second():
    with open("/proc/cpuinfo") as file:
        return next(float(line.split(":")[1]) for line in file if line.startswith("cpu MHz")) * 1e6


class Gaps:
    """Gaps that the vCPUs have noticed since the last call, in milliseconds."""

    def __init__(self, sweeper):
        self.sweeper, self.seen, self.rate = sweeper, [0] * VCPUS, cycles_per_second()
        self.take()

    def take(self):
        found = []
        for cpu in range(VCPUS):
            report = self.sweeper.read(REPORTS + PAGE * cpu, PAGE)
            count, = struct.unpack_from("<Q", report)
            for number in range(max(self.seen[cpu], count - 128), count):
                found.append(struct.unpack_from("<Q", report, 2056 + 16 * (number % 128))[0] / self.rate * 1000)
            self.seen[cpu] = count
        return found


def timed_dump(sweeper, live):
    null = os.open("/dev/null", os.O_WRONLY)
    sweeper.qmp("getfd", fdname="null", fds=[null])
    os.close(null)
    sweeper.qmp.events.clear()
    before, begin = sum(sweeper.written()), time.monotonic()
    sweeper.qmp("dump-guest-memory", paging=False, protocol="fd:null", live=live)
    seconds = time.monotonic() - begin
    written = sum(sweeper.written()) - before
    times = [event["timestamp"]["seconds"] * 1000 + event["timestamp"]["microseconds"] / 1000
             for name in ("STOP", "RESUME") for event in sweeper.qmp.events if event["event"] == name]
    return {"seconds": seconds, "rate": written / seconds, "events": times[1] - times[0],
            **sweeper.qmp("query-dump").get("live", {})}


def text(values):
    return "%7.2f %7.2f" % (statistics.median(values), max(values))


def measure(size, idle, kind):
    huge = kind == "2 MiB"
    with Lab() as lab:
        backend = {"backend": "file", "share": True, "folder": HUGE} if huge else {}
        sweeper = Sweeper(lab, memory=size * MIB, idle=idle, **backend)
        gaps = Gaps(sweeper)
        begin, before = time.monotonic(), sum(sweeper.written())
        time.sleep(2)
        alone = (sum(sweeper.written()) - before) / (time.monotonic() - begin)
        quiet = max(gaps.take(), default=0)
        stopped = [timed_dump(sweeper, False) for _ in range(3)]
        gaps.take()
        dumps, worst = [], []
        for _ in range(DUMPS):
            dumps.append(timed_dump(sweeper, True))
            worst.append(max(gaps.take(), default=0))
        whole = statistics.median(one["seconds"] for one in dumps) / statistics.median(one["seconds"] for one in stopped)
        rate = statistics.median(one["rate"] for one in dumps) / alone
        print("%5d MiB %-7s %s  stop %s ms  events %s ms  gap %s ms (%.1f without dumps)  whole %.2f (%.2f s)  rate %.3f  "
              "faults %d" % (
                  size, "idle" if idle else "writing", kind, text([one["stop-time"] / 1000 for one in dumps]),
                  text([one["events"] for one in dumps]), text(worst), quiet, whole,
                  statistics.median(one["seconds"] for one in dumps), rate,
                  statistics.median(one["write-faults"] for one in dumps)), flush=True)
        sweeper.must_run()


def main():
    print("median and worst of %d; required: stop at most 20 ms, whole at most 2.00; load %.1f on %d processors" % (
        DUMPS, os.getloadavg()[0], os.cpu_count()), flush=True)
    for size in [int(word) for word in sys.argv[1:] if word != "--quick"] or SIZES:
        for idle in (True, False):
            measure(size, idle, "4 KiB")


if __name__ == "__main__":
    main()
