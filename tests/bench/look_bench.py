#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long it takes to see what a Linux guest is doing: look_bench.py [--quick].

The guest has 2 GiB of memory, and its usual tasks or 20,000 more. `report` and `ps` read a vmcore on tmpfs, and the guest that
QEMU runs. With KERNEL_DEBUG_SYMBOLS=1, crash and drgn get the same answers of the guest with many tasks, with the kernel's
symbols, which they need, already there.

--quick: one run.
"""
import os
import statistics
import sys

if "--quick" in sys.argv[1:]:
    os.environ["BENCH_RUNS"] = "1"

from bench import MIB, RUNS, Report, describe, in_turn, timed, tmpfs_lab  # noqa: E402
from lab import PYTHON, ROOT, check, kernel_symbols, need, need_module, program  # noqa: E402
from lab.dump_command import wait_for  # noqa: E402
from lab.live_linux import boot_files  # noqa: E402
from qmp import Qmp  # noqa: E402

MEMORY_MIB, TASKS = 2048, 20000
BOOT_SECONDS = 900
TASKS_BY_DRGN = """
import drgn, sys
from drgn.helpers.linux.pid import for_each_task
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
for task in for_each_task(program):
    print(task.pid.value_(), task.comm.string_().decode(errors="replace"))
"""
# What crash prints of the same things.
BY_CRASH = {"ps": "ps\nquit\n", "report": "sys\nbt -a\nforeach UN bt\nkmem -i\nlog\nquit\n"}


class Guest:
    """QEMU with the guest. Another monitor of it tells when the guest stands still."""

    def __init__(self, lab, program_of_tasks=None):
        console, events = lab.path("console"), lab.path("qmp-events")
        if program_of_tasks:
            files, ready = lab.path("files"), "all tasks are there"
            lab.run("cc", "-O1", "-static", "-o", lab.path("tasks"), program_of_tasks, "-lpthread")
            lab.run(ROOT / "scripts" / "make-linux-guest.sh", "--boot-files", "--program", lab.path("tasks"), files, timeout=900)
        else:
            files, ready = os.path.dirname(boot_files()[0]), "the guest is ready"
        self.lab, self.stops = lab, []
        self.qemu = lab.qemu("-machine", "q35,vmport=off", "-m", "%dM" % MEMORY_MIB, "-smp", "2", "-serial", "file:" + console,
                             "-device", "vmcoreinfo", "-kernel", files + "/vmlinuz", "-initrd", files + "/initramfs.cpio",
                             "-append", "console=ttyS0 panic=1", "-qmp", "unix:%s,server=on,wait=off" % events)
        wait_for(lambda: os.path.exists(console) and ready in open(console, errors="replace").read(), ready, BOOT_SECONDS)
        self.events = Qmp(events)

    def look(self, *words):
        """Seconds of a command on the running guest; adds to .stops for how long the guest stood still."""
        def run():
            seconds = timed(lambda: look(self.lab, *words, "--qmp", self.qemu.socket_path))
            stop, resume = (self.events.wait_event(name)["timestamp"] for name in ("STOP", "RESUME"))
            self.stops.append(resume["seconds"] - stop["seconds"] + (resume["microseconds"] - stop["microseconds"]) / 1e6)
            return seconds
        return run


def look(lab, *words):
    return lab.run(program("guestdump"), *words, "--time-limit", "60", timeout=120)


def by_crash(lab, name, symbols, vmcore):
    commands = lab.path("commands-" + name)
    with open(commands, "w") as file:
        file.write(BY_CRASH[name])
    return lambda: timed(lambda: lab.run("crash", "-s", "-i", commands, symbols, vmcore, timeout=600))


def by_drgn(lab, symbols, vmcore):
    return lambda: timed(lambda: lab.run(PYTHON, "-c", TASKS_BY_DRGN, vmcore, symbols, timeout=600))


def others(lab, vmcore):
    """How crash and drgn are asked, if the kernel's symbols are wanted."""
    if not os.environ.get("KERNEL_DEBUG_SYMBOLS"):
        return {}
    need("crash")
    need_module("drgn")
    symbols = kernel_symbols()
    return {"crash_report": by_crash(lab, "report", symbols, vmcore), "crash_ps": by_crash(lab, "ps", symbols, vmcore),
            "drgn_ps": by_drgn(lab, symbols, vmcore)}


def measure_usual(report):
    with tmpfs_lab(3 * MEMORY_MIB * MIB) as lab:
        guest, vmcore = Guest(lab), lab.path("vmcore")
        lab.run(program("guestdump"), "dump", "--qmp", guest.qemu.socket_path, vmcore)
        times = in_turn(RUNS, report=lambda: timed(lambda: look(lab, "report", vmcore)), report_from_qemu=guest.look("report"))
        report.note("with its usual tasks: " + describe(times))
        report.row("report, from a file", "<= 0.3 s", "%.3f s" % times["report"], times["report"] <= 0.3)
        stop = statistics.median(guest.stops)
        report.row("report, from QEMU: guest held for", "<= 0.1 s", "%.3f s" % stop, stop <= 0.1)


def measure_many(report):
    with tmpfs_lab(3 * MEMORY_MIB * MIB) as lab:
        guest, vmcore = Guest(lab, ROOT / "tests" / "interop" / "programs" / "many_tasks.c"), lab.path("vmcore")
        lab.run(program("guestdump"), "dump", "--qmp", guest.qemu.socket_path, vmcore)
        lines = look(lab, "ps", "--threads", vmcore).count("\n")
        check(lines > TASKS, "ps prints %d lines", lines)
        times = in_turn(RUNS, report=lambda: timed(lambda: look(lab, "report", vmcore)),
                        ps=lambda: timed(lambda: look(lab, "ps", "--threads", vmcore)), report_from_qemu=guest.look("report"))
        report.note("with %d tasks: %s; the guest was held for %.3f s" % (TASKS, describe(times), statistics.median(guest.stops)))
        report.row("ps of all tasks, from a file", "<= 1 s", "%.3f s" % times["ps"], times["ps"] <= 1)
        actions = others(lab, vmcore)
        if actions:
            report.note("with debug symbols: " + describe(in_turn(min(RUNS, 3), **actions)))
        else:
            report.note("crash and drgn: not measured; KERNEL_DEBUG_SYMBOLS=1 asks for it")


def main():
    report = Report("looking into a Linux guest of %d MiB" % MEMORY_MIB)
    measure_usual(report)
    measure_many(report)
    return report.missed > 0


if __name__ == "__main__":
    sys.exit(main())
