# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by the benchmarks: times whole programs from outside, alternates between them, takes medians, and prints
requirements next to measurements.

Times that are compared with each other are taken in one run and in turn (A B A B ...), so that a machine that becomes
slower meanwhile slows down both.
"""
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))

from lab import Lab, linux_guest  # noqa: E402  (found through the line above)

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
MIB, GIB = 1 << 20, 1 << 30
# The guest to which the requirements apply; a smaller one gives an idea on a small machine.
MEMORY_MIB = int(os.environ.get("BENCH_MEMORY_MIB", "2048"))
FILL_MIB = int(os.environ.get("BENCH_FILL_MIB", str(MEMORY_MIB * 400 // 2048)))


class Report:
    """A table of requirements and measurements, printed row by row."""

    def __init__(self, title):
        self.missed = 0
        print("\n%s\n%s" % (title, "-" * len(title)), flush=True)

    def note(self, text):
        print("  " + text, flush=True)

    def row(self, what, asked, measured, reached):
        self.missed += not reached
        print("  %-7s %-58s asked %-16s measured %s" % ("ok" if reached else "MISSED", what, asked, measured), flush=True)


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def in_turn(runs=RUNS, **actions):
    """The median seconds of each action in @runs runs. An action returns its own seconds, or None to be timed as a
    whole.
    """
    times = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            start = time.monotonic()
            own = action()
            times[name].append(time.monotonic() - start if own is None else own)
    return {name: statistics.median(values) for name, values in times.items()}


def second_of(action):
    """Runs @action twice and returns the seconds of the second run.

    By then the memory for its file has been used before. Otherwise the host of a virtual machine has to provide it page
    by page, which takes as long as the rest of a fast dump (8 GiB to zlib: 1.0 s/GiB of system time, and 0.5 s/GiB the
    second time).
    """
    def twice():
        timed(action)
        start = time.monotonic()
        own = action()
        return time.monotonic() - start if own is None else own
    return twice


def describe(times):
    return ", ".join("%s %.3f s" % (name.replace("_", " "), seconds) for name, seconds in times.items())


@contextlib.contextmanager
def tmpfs_lab(need_bytes):
    """A Lab whose folder is on tmpfs, so that no disk affects the times."""
    if shutil.disk_usage("/dev/shm").free < need_bytes:
        sys.exit("the benchmark needs %d MiB in /dev/shm; BENCH_MEMORY_MIB makes the guest smaller" % (need_bytes // MIB))
    tempfile.tempdir = "/dev/shm"
    with Lab() as lab:
        tempfile.tempdir = None
        yield lab


def guest_ram(lab, fill_mib=FILL_MIB):
    """The RAM file of a real Linux guest, on tmpfs: most of it in use or, if @fill_mib is 0, as it is after boot."""
    folder = linux_guest("--memory", str(MEMORY_MIB), "--fill", str(fill_mib))
    ram = lab.path("ram.img")
    subprocess.run(["cp", "--sparse=always", folder + "/ram.img", ram], check=True)
    return ram


def over_ram_file(ram, *more):
    """Options that start an emulator, QEMU or guestdump-vm, on a RAM file, before its first instruction."""
    return ["-S", "-machine", "q35,memory-backend=ram", "-m", "%dM" % MEMORY_MIB, "-smp", "2", "-vga", "none",
            "-object", "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=on" % (MEMORY_MIB, ram), *more]


def fresh_dump(start, options, target, **arguments):
    """Seconds of one dump command in a process that has not touched guest memory before."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    machine = start(*options)
    machine.qmp("query-status")
    seconds = machine.dump(target, **arguments)
    machine.kill()
    return seconds


class MemoryWatch:
    """The peak of a process's anonymous memory during a `with` block, bytes; mapped guest RAM is not included."""

    def __init__(self, pid):
        import threading
        self.pid, self.peak, self.done = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while True:
            self.peak = max(self.peak, resident(self.pid, "RssAnon"))
            if self.done.wait(0.002):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def resident(pid, kind):
    """RssAnon, RssFile or RssShmem of a process, bytes."""
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith(kind + ":"):
                return int(line.split()[1]) * 1024
    return 0
