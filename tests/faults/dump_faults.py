#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every call of a dump fails once: dump_faults.py [--all] [--kills N] [WORD...]

A running guest is dumped in every format. In each dump one call fails: the first, the second, and so on until a dump
makes no more calls of its kind. Afterwards the guest must run, no fd, thread or file may be left, and the next dump
must be complete. Then the process is killed at random moments of a dump that replaces a file. The file must be the old
or the new one, and any other file left must have the name that docs/reliability.md describes.

Without --all each format gets a few of the kinds and errors, different ones for each format; with --all each gets all
of them, some thousand runs.
"""
import argparse
import errno
import mmap
import os
import random
import resource
import socket
import struct
import sys
import threading
import time
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

import lab  # noqa: E402
from lab import Skip, case, check, check_equal, program, sanitized  # noqa: E402
from vmcore import Elf  # noqa: E402

KINDS = "none write read open mmap thread sync name size poll writeback close".split()
FORMATS = ["elf", "elf paging", "kdump-zlib", "kdump-lzo", "kdump-snappy", "kdump-zstd", "kdump-raw-zlib", "kdump-raw-lzo",
           "kdump-raw-snappy", "kdump-raw-zstd", "vbox-core"]
ERRORS = {"write": [errno.ENOSPC, errno.EIO, errno.EDQUOT], "read": [errno.EIO], "open": [errno.EMFILE, errno.EACCES],
          "mmap": [errno.ENOMEM], "thread": [errno.EAGAIN], "sync": [errno.EIO], "name": [errno.EACCES, errno.ENOSPC],
          "size": [errno.EIO], "poll": [errno.ENOMEM, errno.EINTR], "writeback": [errno.EIO], "close": [errno.EIO]}
DESCRIPTORS = ["pipe", "socket", "append", "offset"]
MEMORY, VCPUS = 8 << 20, 2
COUNTERS, STRIDE = 0x200000, 64
OLD = b"what was there before"
OPTIONS = argparse.Namespace(all=False, kills=20)


def must_be_told(kind, error):
    """Whether the dump must fail after a failed call of that kind. It can do without a thread or a hint, and retries
    after EINTR.
    """
    return kind in ("write", "sync", "name", "size", "poll", "writeback", "close") and error != errno.EINTR


def arguments_of(name):
    """Arguments of dump-guest-memory: "elf paging" is with page tables, "kdump-zlib 9" with a level."""
    fmt, *more = name.split()
    arguments = {"format": fmt, "paging": "paging" in more}
    if more and more[0].isdigit():
        arguments["level"] = int(more[0])
    return arguments


class Calls:
    """The page shared with tests/faults/failing_calls.c."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(4096)
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 4096)

    def arm(self, kind, number, error):
        self.page[0:4] = bytes(4)
        self.page[4:20] = struct.pack("<iIII", number, error, 0, 0)
        self.page[0:4] = struct.pack("<I", KINDS.index(kind))

    def disarm(self):
        """Returns whether a call has failed."""
        self.page[0:4] = bytes(4)
        return struct.unpack_from("<I", self.page, 16)[0] != 0


class Guest:
    """A guest that counts, in a guestdump-vm in which calls can be made to fail."""

    def __init__(self, the_lab):
        build = os.path.dirname(os.path.dirname(program("guestdump-vm")))
        self.calls = Calls(the_lab.path("calls"))
        self.folder = the_lab.folder / "dumps"
        self.folder.mkdir(exist_ok=True)
        environment = dict(os.environ, FAILING_CALLS=the_lab.path("calls"),
                           LD_PRELOAD=os.path.join(build, "tests", "faults", "libfailing_calls.so"))
        self.machine = the_lab.vm(
            "-accel", "synthetic", "-machine", "pc,memory-backend=ram", "-smp", VCPUS,
            "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (MEMORY, the_lab.path("ram")),
            "-device", "loader,file=%s,addr=0x100000" % os.path.join(build, "tests", "guests", "counter.bin"), env=environment)
        self.machine.qmp("query-status")
        with open(the_lab.path("ram"), "rb") as file:
            self.ram = mmap.mmap(file.fileno(), MEMORY, prot=mmap.PROT_READ)
        self.number = 0

    def counters(self):
        return [struct.unpack_from("<Q", self.ram, COUNTERS + STRIDE * cpu)[0] for cpu in range(VCPUS)]

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.machine.process.pid))

    def threads(self):
        return len(os.listdir("/proc/%d/task" % self.machine.process.pid))

    def resident(self):
        """Bytes of the process's own memory."""
        with open("/proc/%d/status" % self.machine.process.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) << 10

    def limit_memory(self, room):
        """Lets the process map @room more bytes; None: no limit."""
        pid = self.machine.process.pid
        limit = most = resource.prlimit(pid, resource.RLIMIT_AS)[1]
        if room is not None:
            with open("/proc/%d/status" % pid) as status:
                limit = room + (next(int(line.split()[1]) for line in status if line.startswith("VmSize")) << 10)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, most))

    def dump(self, name):
        """Dumps into the file @name and returns the reply."""
        path = self.folder / "vmcore"
        answer = self.machine.qmp.request({"execute": "dump-guest-memory", "arguments": dict(
            arguments_of(name), protocol="file:%s" % path, threads=3)})
        return answer, path

    def dump_into(self, target, fmt):
        """Dumps into a descriptor of one of the kinds DESCRIPTORS; returns the reply and the data that arrived."""
        path = self.folder / "target"
        if target in ("pipe", "socket"):
            reader, writer = os.pipe() if target == "pipe" else [end.detach() for end in socket.socketpair()]
            arrived = []
            drain = threading.Thread(target=lambda: arrived.append(open(reader, "rb").read()))
            drain.start()
        else:
            path.write_bytes(OLD)
            writer = os.open(path, os.O_WRONLY | (os.O_APPEND if target == "append" else 0))
            os.lseek(writer, len(OLD) if target == "offset" else 0, os.SEEK_SET)
        self.machine.qmp("getfd", fds=[writer], fdname="target")
        os.close(writer)
        answer = self.machine.qmp.request({"execute": "dump-guest-memory", "arguments": {
            "paging": False, "protocol": "fd:target", "format": fmt, "threads": 3}})
        if target in ("pipe", "socket"):
            drain.join(20)
            check(not drain.is_alive(), "the %s was not closed", target)
            return answer, arrived[0]
        data = path.read_bytes()
        path.unlink()
        check(data.startswith(OLD), "what was there before is gone")
        return answer, data[len(OLD):]

    def dump_into_with(self, target, fmt, kind, number, error):
        """Dumps into a descriptor while a call fails. Returns whether there was such a call and whether an error was
        reported.
        """
        self.number += 1
        what = "(%s into %s: %s call %d fails with %s)" % (fmt, target, kind, number, errno.errorcode[error])
        before, fds, threads = self.counters(), self.fds(), self.threads()
        self.calls.arm(kind, number, error)
        answer, _ = self.dump_into(target, fmt)
        failed = self.calls.disarm()
        check("return" in answer or failed, "an error without a cause: %s %s", answer, what)
        told = "error" in answer
        # The failed close may be that of another pipe. The series checks that a failed close of the target is reported.
        check(told or not failed or kind == "close" or not must_be_told(kind, error), "a failure that nobody is told of %s", what)
        self.check_nothing_left(fds, threads, what)
        self.check_alive(before, what)
        answer, data = self.dump_into(target, fmt)
        check("return" in answer, "the next dump says %s, %s", answer, what)
        check(data.startswith(b"\x7fELF" if fmt == "elf" else b"makedumpfile"), "the next dump is %r, %s", data[:16], what)
        return failed, told

    def check_alive(self, before, what):
        check_equal(self.machine.process.poll(), None, "exit status " + what)
        check_equal(self.machine.qmp("query-status")["status"], "running", "state " + what)
        end = time.monotonic() + 20
        while any(now <= old for now, old in zip(self.counters(), before)):
            check(time.monotonic() < end, "the guest stands still %s", what)
            time.sleep(0.0005)

    def check_nothing_left(self, fds, threads, what):
        end = time.monotonic() + 10
        while (self.fds(), self.threads()) != (fds, threads):  # a joined thread disappears a little later
            check(time.monotonic() < end, "%d fds and %d threads, there were %d and %d, %s", self.fds(), self.threads(), fds,
                  threads, what)
            time.sleep(0.001)

    def good_dump(self, name, what):
        answer, path = self.dump(name)
        check("return" in answer, "the next dump says %s, %s", answer, what)
        check_equal(os.listdir(self.folder), ["vmcore"], "files " + what)
        if name.startswith("elf"):
            check_equal(len(Elf(path).qemu_states()), VCPUS, "vCPUs in the next dump")
        path.unlink()

    def dump_with(self, name, kind, number, error):
        """Dumps while a call fails and checks everything that must hold then. Returns whether there was such a call."""
        self.number += 1
        what = "(%s: %s call %d fails with %s)" % (name, kind, number, errno.errorcode[error])
        before, fds, threads = self.counters(), self.fds(), self.threads()
        self.calls.arm(kind, number, error)
        answer, path = self.dump(name)
        failed = self.calls.disarm()
        if "error" in answer:
            check(failed, "an error without a cause: %s %s", answer, what)
            # The last call that can fail is the sync of the directory: the complete new file is there by then.
            allowed = [[], ["vmcore"]] if "syncing the directory" in str(answer) else [[]]
            check(os.listdir(self.folder) in allowed, "files %s %s", os.listdir(self.folder), what)
            if "Could not open" not in str(answer):  # otherwise no dump began, and the status is the previous dump's
                check_equal(self.machine.qmp("query-dump")["status"], "failed", "query-dump " + what)
        check("error" in answer or not failed or not must_be_told(kind, error), "a failure that nobody is told of %s", what)
        path.unlink(missing_ok=True)
        check_equal(os.listdir(self.folder), [], "files " + what)
        self.check_nothing_left(fds, threads, what)
        self.check_alive(before, what)
        self.good_dump(name, what)
        return failed


def plan():
    """The (format, kind, error) of each series."""
    series = [(name, kind, error) for name in FORMATS for kind in KINDS[1:] for error in ERRORS[kind]]
    return series if OPTIONS.all else [one for index, one in enumerate(series) if index % 5 == 0]


@case
def every_call_of_a_dump_fails_once(the_lab):
    guest = Guest(the_lab)
    for name in FORMATS:
        guest.good_dump(name, "before all")
    resident, begin = guest.resident(), time.monotonic()
    for name, kind, error in plan():
        number = 0
        while guest.dump_with(name, kind, number, error):
            number += 1
    grown = guest.resident() - resident
    print("# %d dumps with a failing call, %d calls failed in %.0f s; memory grew by %d KiB"
          % (guest.number, guest.number - len(plan()), time.monotonic() - begin, grown >> 10), flush=True)
    check(grown < 16 << 20, "memory grew by %d bytes in %d runs", grown, guest.number)
    guest.machine.quit()


@case
def every_call_of_a_dump_into_a_descriptor_fails_once(the_lab):
    guest = Guest(the_lab)
    series = [(target, fmt, kind, error) for target in DESCRIPTORS for fmt in ("elf", "kdump-zlib")
              for kind in ("write", "read", "mmap", "thread", "size", "poll", "sync", "writeback", "close") for error in ERRORS[kind]]
    for target in DESCRIPTORS:
        check("return" in guest.dump_into(target, "elf")[0], "a dump before all")
    for target, fmt, kind, error in series if OPTIONS.all else series[::3]:
        number, told, is_file = 0, 0, target in ("append", "offset")
        while True:
            failed, one_told = guest.dump_into_with(target, fmt, kind, number, error)
            if not failed:
                break
            number, told = number + 1, told + one_told
            if number == (200 if OPTIONS.all else 40):  # a stream makes thousands of equal calls
                break
        check(kind != "close" or told > 0, "a %s that cannot be closed is told of by nobody", target)
        check(kind not in ("sync", "writeback") or (told > 0) == is_file, "a %s: %d failures to sync it were told", target, told)
    print("# %d dumps into descriptors with a failing call" % guest.number, flush=True)
    guest.machine.quit()


@case
def a_host_without_memory_costs_a_dump_and_no_guest(the_lab):
    """Limits the process's address space, a little less each time; the allocation beyond the limit is refused."""
    if sanitized():
        raise Skip("a sanitizer needs terabytes of addresses, and ends the process where it gets no memory")
    dumps, refused, step = 0, {}, 64 << 10
    names = FORMATS + ["kdump-zlib 9", "kdump-raw-zstd 19"]
    for name in names if OPTIONS.all else ["elf", "elf paging", "kdump-lzo", "kdump-raw-snappy", "kdump-zlib 9"]:
        guest = Guest(the_lab)
        room, whole = 0, 0
        while whole < 3:
            before, fds, threads = guest.counters(), guest.fds(), guest.threads()
            what = "(%s with %d KiB of memory)" % (name, room >> 10)
            guest.limit_memory(room)
            answer, path = guest.dump(name)
            guest.limit_memory(None)
            dumps += 1
            if "return" in answer:
                whole += 1
                path.unlink()
            else:
                cause = answer["error"]["desc"]
                check("Cannot allocate memory" in cause or "Resource temporarily unavailable" in cause, "%s %s", cause, what)
                kind = " ".join(word for word in cause.split() if not word.isdigit())
                refused[kind] = refused.get(kind, 0) + 1
            check_equal(os.listdir(guest.folder), [], "files " + what)
            guest.check_nothing_left(fds, threads, what)
            guest.check_alive(before, what)
            check(room < 256 << 20, "there is never enough memory %s", what)
            room += step if OPTIONS.all else 8 * step
        guest.good_dump(name, "after all")
        guest.machine.quit()
    print("# %d dumps with less and less memory to be had: %s" % (dumps, refused), flush=True)
    check(len(refused) >= 2, "refused were only %s", refused)


@case
def a_killed_process_leaves_the_old_file_or_the_new_one(the_lab):
    dice = random.Random(7)
    outcome = {"old": 0, "new": 0}
    left_beside = 0
    for number in range(OPTIONS.kills):
        guest = Guest(the_lab)
        path = guest.folder / "vmcore"
        path.write_bytes(OLD)
        name = FORMATS[number % len(FORMATS)]
        guest.machine.qmp.send({"execute": "dump-guest-memory", "arguments": dict(
            arguments_of(name), protocol="file:%s" % path, detach=True)})
        time.sleep(dice.random() * 0.05)
        guest.machine.kill()
        if path.read_bytes() == OLD:
            outcome["old"] += 1
        else:
            the_lab.run(program("guestdump"), "verify", path)
            outcome["new"] += 1
        path.unlink()
        for left in guest.folder.iterdir():
            check(left.name.startswith(".guestdump-"), "left beside the file: %s", left.name)
            left_beside += 1
            left.unlink()
    print("# %d kills: %s; private names left: %d" % (OPTIONS.kills, outcome, left_beside), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("words", nargs="*")
    OPTIONS = parser.parse_args()
    sys.argv[1:] = OPTIONS.words
    lab.run_cases()
