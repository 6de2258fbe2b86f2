#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""quit, SIGTERM, a client that disconnects, reset, stop, cont and a second dump in each phase of a dump: what happens,
in which order.

In the phase `memory` a compressor is slow, the guest is paused and the file has no name; in `commit` the guest runs and
the file is synced. cancel_test.py tests dump-cancel.
"""
import json
import os
import signal
import time

from lab import case, check, check_equal, program, run_cases
from lab.wire import Wire, connected

OLD = b"what was there before"
SIZE = 96 << 20
PATIENCE = 20
ROUNDS = 4  # of cases that must hit a short phase


class Dumping:
    """A machine that runs and dumps over an existing file, with two clients; the first requested the dump."""

    def __init__(self, lab, **arguments):
        self.lab, self.path = lab, lab.path("vmcore")
        number = len(lab.children)
        ram, other = lab.path("ram%d" % number), lab.path("other%d" % number)
        text = (b"".join(b"%d is a number\n" % number for number in range(1 << 17)))[:1 << 20]
        with open(ram, "wb") as out:
            for _ in range(SIZE >> 21):
                out.write(os.urandom(1 << 20) + text)
        with open(self.path, "wb") as out:
            out.write(OLD)
        self.machine = lab.vm("-accel", "synthetic", "-machine", "pc,memory-backend=ram", "-qmp", "unix:%s,server=on,wait=off" % other,
                              "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (SIZE, ram))
        self.first = self._client(self.machine.socket_path)
        self.second = self._client(other)
        self.events = []
        self.tell(self.first, "dump-guest-memory", paging=False, protocol="file:" + self.path, **arguments)

    @staticmethod
    def _client(path):
        client = Wire(connected(path))
        client.line()
        client.returned(b'{"execute": "qmp_capabilities"}')
        return client

    @staticmethod
    def tell(client, command, **arguments):
        client.send(json.dumps({"execute": command, "arguments": arguments}).encode())

    def ask(self, command, **arguments):
        """Sends a command from the second client and keeps events that arrive meanwhile."""
        self.tell(self.second, command, **arguments)
        while True:
            message = self.second.line()
            if "event" not in message:
                return message
            self.events.append(message["event"])

    def is_in(self, phase):
        """Waits until the dump is in @phase. Returns False if the phase was missed."""
        end = time.monotonic() + PATIENCE
        while True:
            told = self.ask("query-dump")["return"]
            if told["status"] != "active" and phase == "commit" and told["status"] != "none":
                return False
            if told.get("phase") == phase:
                return True
            check(time.monotonic() < end, "the dump is %s", told)

    def wait_for(self, event):
        while event not in self.events:
            message = self.second.line()
            if "event" in message:
                self.events.append(message["event"])

    def quit(self):
        self.tell(self.second, "quit")
        check_equal(self.machine.process.wait(PATIENCE), 0, "exit status")

    def old_file(self):
        with open(self.path, "rb") as file:
            return file.read(len(OLD)) == OLD

    def check_files(self, expected_old):
        check_equal(self.old_file(), expected_old, "whether the old file is there")
        if not expected_old:
            self.lab.run(program("guestdump"), "verify", self.path)
        left = [name for name in os.listdir(self.lab.folder) if name.startswith(".")]
        check_equal(left, [], "private names left")

    def check_ended(self, expected_events):
        """Checks that the process ended by itself after reporting why, and that the file is the old or the new one."""
        told = []
        try:
            while True:
                told.append(self.second.line().get("event"))
        except (AssertionError, ConnectionError):
            pass  # the connection was closed
        told = [event for event in self.events + told if event]
        for event in expected_events:
            check(event in told, "no %s among %s", event, told)
        check("DUMP_COMPLETED" not in told, "the end of a dump that was given up was told: %s", told)
        check_equal(self.machine.process.wait(PATIENCE), 0, "exit status")
        check(not os.path.exists(self.machine.socket_path), "the socket is left")


SLOW = {"format": "kdump-zstd", "level": 19, "threads": 1}
FAST = {"format": "kdump-raw-zlib"}


@case
def quit_while_memory_is_read_leaves_the_old_file(lab):
    for detach in (True, False):
        dumping = Dumping(lab, detach=detach, **SLOW)
        check(dumping.is_in("memory"), "not in time")
        dumping.tell(dumping.second, "quit")
        dumping.check_ended(["STOP", "SHUTDOWN"])
        dumping.check_files(expected_old=True)


@case
def sigterm_while_memory_is_read_leaves_the_old_file(lab):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        dumping = Dumping(lab, detach=True, **SLOW)
        check(dumping.is_in("memory"), "not in time")
        dumping.machine.process.send_signal(number)
        dumping.check_ended(["STOP", "SHUTDOWN"])
        dumping.check_files(expected_old=True)


@case
def an_end_while_the_file_is_made_durable_leaves_one_of_the_two(lab):
    in_time = 0
    for number in range(2 * ROUNDS):
        dumping = Dumping(lab, detach=True, **FAST)
        if not dumping.is_in("commit"):
            dumping.quit()
            continue
        in_time += 1
        if number % 2:
            dumping.tell(dumping.second, "quit")
        else:
            dumping.machine.process.terminate()
        check_equal(dumping.machine.process.wait(PATIENCE), 0, "exit status")
        dumping.check_files(dumping.old_file())
    print("# %d of %d in the phase commit" % (in_time, 2 * ROUNDS), flush=True)
    check(in_time, "not one was in time")


@case
def a_client_that_goes_leaves_its_dump_to_end(lab):
    for phase, arguments in (("memory", dict(SLOW, level=3)), ("commit", FAST)):
        for detach in (True, False):
            dumping = Dumping(lab, detach=detach, **arguments)
            dumping.is_in(phase)
            dumping.first.socket.close()
            dumping.wait_for("DUMP_COMPLETED")
            check_equal(dumping.ask("query-dump")["return"]["status"], "completed", "the dump")
            dumping.check_files(expected_old=False)
            check_equal(dumping.ask("query-status")["return"]["status"], "running", "the guest")
            dumping.quit()


@case
def a_reset_waits_until_memory_has_been_read(lab):
    dumping = Dumping(lab, detach=True, **dict(SLOW, level=3))
    check(dumping.is_in("memory"), "not in time")
    check("return" in dumping.ask("system_reset"), "a reset is refused")
    check("RESET" not in dumping.events, "the guest was reset under its dump")
    dumping.wait_for("DUMP_COMPLETED")
    check_equal([event for event in dumping.events if event != "RTC_CHANGE"], ["STOP", "RESET", "RESUME", "DUMP_COMPLETED"], "events")
    dumping.check_files(expected_old=False)
    dumping.quit()


@case
def a_reset_while_the_file_is_made_durable_is_at_once(lab):
    for _ in range(ROUNDS):
        dumping = Dumping(lab, detach=True, **FAST)
        in_time = dumping.is_in("commit")
        check("return" in dumping.ask("system_reset"), "a reset is refused")
        dumping.wait_for("RESET")
        if in_time:
            check(dumping.events.index("RESUME") < dumping.events.index("RESET"), "events %s", dumping.events)
        dumping.wait_for("DUMP_COMPLETED")
        dumping.check_files(expected_old=False)
        dumping.quit()


@case
def a_second_dump_is_refused_until_the_first_has_ended_and_harms_nothing(lab):
    for phase, arguments in (("memory", dict(SLOW, level=3)), ("commit", FAST)):
        dumping = Dumping(lab, detach=True, **arguments)
        in_time = dumping.is_in(phase)
        other = lab.path("second")
        refused = dumping.ask("dump-guest-memory", paging=False, protocol="file:" + other)
        if in_time and "DUMP_COMPLETED" not in dumping.events:
            check_equal(refused.get("error", {}).get("desc"), "There is a dump in process, please wait.", "a second dump")
            check(not os.path.exists(other), "the second dump's target was touched")
        dumping.wait_for("DUMP_COMPLETED")
        dumping.check_files(expected_old=False)
        check("return" in dumping.ask("dump-guest-memory", paging=False, protocol="file:" + other), "a dump afterwards")
        os.unlink(other)
        dumping.quit()


@case
def stop_lasts_and_cont_is_refused_while_memory_is_read(lab):
    dumping = Dumping(lab, detach=True, **dict(SLOW, level=3))
    check(dumping.is_in("memory"), "not in time")
    desc = "There is a dump in process, please wait."
    check_equal(dumping.ask("cont")["error"]["desc"], desc, "cont")
    stop = dumping.ask("stop")
    dumping.wait_for("DUMP_COMPLETED")
    expected = "running" if "error" in stop else "paused"
    if "error" in stop:
        check_equal(stop["error"]["desc"], desc, "stop")
    check_equal(dumping.ask("query-status")["return"]["status"], expected, "the guest afterwards")
    dumping.check_files(expected_old=False)
    dumping.quit()


run_cases()
