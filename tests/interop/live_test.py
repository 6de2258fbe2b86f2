#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of guests that run on: each shows one moment, whatever the guest writes. And however a dump ends,
every vCPU runs on and no page stays protected.

docs/live.md describes what is promised. LIVE_DUMPS is the number of dumps of the longest series: 5 here, of
small guests, and from 20 on of larger ones.
"""
import os
import signal
import threading
import time

from lab import case, check, check_equal, run_cases
from lab.sweeper import REPORTS, VCPUS, Sweeper, check_one_moment
from qmp import QmpError
from vmcore import Elf

DUMPS = int(os.environ.get("LIVE_DUMPS", "5"))
MORE_DUMPS = max(2, DUMPS // 5)
CANCELLED = max(12, DUMPS)
MIB = 1 << 20
MEMORY = (16 if DUMPS < 20 else 64) * MIB  # 64 MiB take seconds to populate
PATIENCE = 30


def dumps_in_a_row(sweeper, dumps, **arguments):
    last, stops, faults, begin = [0] * VCPUS, [], 0, time.monotonic()
    for number in range(dumps):
        path = sweeper.lab.path("vmcore")
        sweeper.live(**arguments)
        live = sweeper.qmp("query-dump")["live"]
        stops.append(live["stop-time"])
        faults += live["write-faults"]
        now = check_one_moment(sweeper, Elf(path))
        check(all(new > old for new, old in zip(now, last)), "dump %d: %s after %s", number, now, last)
        last = now
        os.unlink(path)
    stops.sort()
    print("# %d dumps in %.1f s, 0 pages torn; stops of %.1f ms (median) to %.1f ms; %d writes waited" % (
        dumps, time.monotonic() - begin, stops[len(stops) // 2] / 1000, stops[-1] / 1000, faults))
    sweeper.must_run()


@case
def anonymous_memory_is_of_one_moment(machine_lab):
    dumps_in_a_row(Sweeper(machine_lab, MEMORY), DUMPS)


@case
def memfd_is_of_one_moment(machine_lab):
    dumps_in_a_row(Sweeper(machine_lab, MEMORY, backend="memfd", share=True), MORE_DUMPS)


@case
def file_in_tmpfs_is_of_one_moment(machine_lab):
    for share in (True, False):
        path = "/dev/shm/live-test-%d-%d" % (os.getpid(), share)
        try:
            sweeper = Sweeper(machine_lab, MEMORY, backend="file", share=share, folder=path)
            dumps_in_a_row(sweeper, MORE_DUMPS)
            sweeper.machine.quit()
        finally:
            if os.path.exists(path):
                os.unlink(path)


class StalledDump:
    """A live dump into a pipe that nobody reads."""

    def __init__(self, sweeper, **arguments):
        self.qmp = sweeper.qmp
        self.reading, writing = os.pipe()
        self.qmp("getfd", fdname="pipe", fds=[writing])
        os.close(writing)
        self.qmp.events.clear()
        sweeper.live(protocol="fd:pipe", detach=True, **arguments)

    def wait_for(self, truth, what):
        end = time.monotonic() + PATIENCE
        while not truth(self.qmp("query-dump")):
            check(time.monotonic() < end, "no %s: %s", what, self.qmp("query-dump"))
            time.sleep(0.002)
        return self

    def until_it_writes(self):
        return self.wait_for(lambda state: state["phase"] == "memory", "phase memory")

    def until_the_pool_is_full(self):
        return self.wait_for(lambda state: state["live"]["pool-waits"] > 0, "wait for the pool")

    def ended(self):
        """The error with which it ends."""
        return self.qmp.wait_event("DUMP_COMPLETED")["data"].get("error")

    def drain(self):
        def read():
            while os.read(self.reading, MIB):
                pass
        thread = threading.Thread(target=read)
        thread.start()
        error = self.ended()
        thread.join()
        return error


def small(machine_lab, **more):
    return Sweeper(machine_lab, memory=16 * MIB, **more)


@case
def cancelled_in_each_phase(machine_lab):
    sweeper = Sweeper(machine_lab, MEMORY)
    seen = set()
    for number in range(CANCELLED):
        dump = StalledDump(sweeper)
        time.sleep((0.001, 0.01, 0.04)[number % 3] * (number % 30))
        seen.add(sweeper.qmp("query-dump")["phase"])
        sweeper.qmp("dump-cancel")
        check_equal(dump.ended(), "cancelled", "the error")
        os.close(dump.reading)
        if number % 10 == 0:
            sweeper.must_run()
    sweeper.must_run()
    print("# phases: %s" % sorted(seen))
    check({"protect", "memory"} <= seen, "only cancelled in %s", seen)


@case
def target_that_is_full(machine_lab):
    sweeper = small(machine_lab)
    with open("/dev/full", "wb") as full:
        sweeper.qmp("getfd", fdname="full", fds=[full.fileno()])
        try:
            sweeper.live(protocol="fd:full")
            check(False, "a dump to /dev/full succeeded")
        except QmpError as error:
            check("No space left on device" in str(error), "%s", error)
    sweeper.must_run()


@case
def reader_that_goes_away(machine_lab):
    sweeper = small(machine_lab)
    dump = StalledDump(sweeper).until_it_writes()
    os.close(dump.reading)
    check("Broken pipe" in dump.ended(), "another error")
    sweeper.must_run()


@case
def second_dump_is_refused_and_the_first_goes_on(machine_lab):
    sweeper = small(machine_lab)
    dump = StalledDump(sweeper).until_it_writes()
    for live in (False, True):
        try:
            sweeper.qmp("dump-guest-memory", paging=False, protocol="file:" + machine_lab.path("second"), live=live)
            check(False, "a second dump began")
        except QmpError as error:
            check("There is a dump in process, please wait." in str(error), "%s", error)
    check_equal(dump.drain(), None, "the error of the first")
    sweeper.must_run()


@case
def stopped_and_reset_while_the_pool_is_full_and_nobody_reads(machine_lab):
    # The main loop waits for vCPUs that wait for the pool, and a reset writes guest memory.
    sweeper = small(machine_lab)
    dump = StalledDump(sweeper, live_memory=MIB).until_the_pool_is_full()
    sweeper.qmp.hmp("info registers -a")
    sweeper.qmp("stop")
    sweeper.qmp("cont")
    sweeper.qmp("system_reset")
    sweeper.qmp.wait_event("RESET")
    check_equal(sweeper.qmp("query-dump")["status"], "active", "the dump after a reset")
    sweeper.qmp("dump-cancel")
    check_equal(dump.ended(), "cancelled", "the error")
    sweeper.must_run()


@case
def pool_of_1_mib_makes_the_guest_wait_but_never_fails(machine_lab):
    sweeper = small(machine_lab)
    dump = StalledDump(sweeper, live_memory=MIB).until_it_writes().until_the_pool_is_full()
    time.sleep(1)  # until the dump has filled its own buffers, for which it takes pages
    before = sweeper.written()
    time.sleep(1)
    waited = [now - old for now, old in zip(sweeper.written(), before)]
    check(sum(waited) <= 8, "with a full pool the guest wrote %s pages", waited)
    check_equal(dump.drain(), None, "the error")
    live = sweeper.qmp("query-dump")["live"]
    print("# %s" % live)
    sweeper.must_run()


def ends(machine_lab, end):
    sweeper = small(machine_lab)
    StalledDump(sweeper, live_memory=MIB).until_the_pool_is_full()
    begin = time.monotonic()
    end(sweeper)
    check_equal(sweeper.machine.process.wait(PATIENCE), 0, "exit status")
    print("# ended after %.2f s" % (time.monotonic() - begin))


@case
def quit_during_a_live_dump(machine_lab):
    ends(machine_lab, lambda sweeper: sweeper.qmp("quit"))


@case
def sigterm_during_a_live_dump(machine_lab):
    ends(machine_lab, lambda sweeper: sweeper.machine.process.send_signal(signal.SIGTERM))


@case
def memory_is_read_and_written_by_the_monitor_meanwhile(machine_lab):
    sweeper = small(machine_lab)
    dump = StalledDump(sweeper).until_it_writes()
    check(len(sweeper.read(REPORTS, 4096)) == 4096, "memory cannot be read")
    sweeper.qmp("query-vmcoreinfo")
    sweeper.qmp("query-dump-estimate")
    check_equal(dump.drain(), None, "the error")
    sweeper.must_run()


@case
def file_on_a_disk_is_refused_by_name(machine_lab):
    machine_lab.need_disk()
    sweeper = small(machine_lab, backend="file", folder=machine_lab.path("disk"))
    try:
        sweeper.live()
        check(False, "memory on a disk was dumped live")
    except QmpError as error:
        check("'ram' cannot be write-protected, it must be anonymous or in tmpfs or hugetlbfs" in str(error), "%s", error)
    sweeper.must_run()
    sweeper.live(live_fallback=True)
    check_equal("live" in sweeper.qmp("query-dump"), False, "that the dump was live")
    sweeper.must_run()


if __name__ == "__main__":
    run_cases()
