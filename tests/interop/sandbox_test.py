#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""-sandbox on: everything that a machine does works with it, and a denied call ends the process, whichever thread makes
it.
"""
import errno
import mmap
import os
import signal
import socket
import struct
import threading
import time

from lab import Skip, case, check, check_equal, kvm_works, program, run_cases
from lab.counting_guest import CountingGuest
from vmcore import Elf

STRICTEST = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
VCPUS = 2
FORMATS = ["elf", "vbox-core"] + ["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")]
# x86-64 system call numbers, with arguments that do no harm if the call is allowed.
PTRACE, CLONE, EXECVE, SETUID, UNSHARE, SCHED_SETAFFINITY = (101, (9999,)), (56, (0x800,)), (59, ()), (105, (-1,)), (272, (0,)), (203, ())


def filtered_threads(machine):
    """The number of threads, and how many of them have the filter."""
    found = []
    for task in os.listdir("/proc/%d/task" % machine.process.pid):
        try:
            with open("/proc/%d/task/%s/status" % (machine.process.pid, task)) as status:
                found.append(next(line.split()[1] for line in status if line.startswith("Seccomp:")) == "2")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    return len(found), sum(found)


def check_all_filtered(machine, what):
    threads, held = filtered_threads(machine)
    check_equal(held, threads, "threads with the filter " + what)
    return threads


def dump_into_files(guest, the_lab):
    machine = guest.machine
    for fmt in FORMATS:
        machine.dump(the_lab.path("vmcore"), fmt=fmt)
        the_lab.run(program("guestdump"), "verify", the_lab.path("vmcore"))
        os.unlink(the_lab.path("vmcore"))
    machine.dump(the_lab.path("vmcore"), paging=True)
    guest.counters(Elf(the_lab.path("vmcore")))


def dump_into_descriptors(guest, the_lab):
    """Dumps into a pipe, a socket, a file passed with getfd, and a descriptor of an fd set; all are complete."""
    machine = guest.machine
    for kind in ("pipe", "socket"):
        reader, writer = os.pipe() if kind == "pipe" else [end.detach() for end in socket.socketpair()]
        machine.qmp("getfd", fds=[writer], fdname="target")
        os.close(writer)
        with open(reader, "rb") as source:
            thread = threading.Thread(target=lambda: the_lab.folder.joinpath("vmcore").write_bytes(source.read()))
            thread.start()
            machine.qmp("dump-guest-memory", paging=False, protocol="fd:target", format="kdump-zlib")
            thread.join(30)
        the_lab.run(program("guestdump"), "verify", the_lab.path("vmcore"))
    with open(the_lab.path("by-fd"), "w+b") as file:
        machine.qmp("getfd", fds=[file.fileno()], fdname="target")
        machine.qmp("dump-guest-memory", paging=False, protocol="fd:target")
        guest.counters(Elf(the_lab.path("by-fd")))
    with open(the_lab.path("by-set"), "w+b") as file:
        machine.qmp("add-fd", fds=[file.fileno()], **{"fdset-id": 3})
        machine.qmp("dump-guest-memory", paging=False, protocol="file:/dev/fdset/3")
        guest.counters(Elf(the_lab.path("by-set")))


def detach_and_cancel(guest, the_lab):
    """Checks the threads of a blocked dump, which start after the filter was installed, and cancels the dump."""
    machine = guest.machine
    machine.qmp.events.clear()
    machine.qmp("dump-guest-memory", paging=False, protocol="file:" + the_lab.path("detached"), detach=True)
    machine.qmp.wait_event("DUMP_COMPLETED")
    reader, writer = os.pipe()
    machine.qmp("getfd", fds=[writer], fdname="target")
    os.close(writer)
    threads = check_all_filtered(machine, "before a dump")
    machine.qmp("dump-guest-memory", paging=False, protocol="fd:target", detach=True, threads=3)
    end = time.monotonic() + 20
    while check_all_filtered(machine, "of a dump") < threads + 3:
        check(time.monotonic() < end, "the threads of a dump do not come up")
        time.sleep(0.005)
    machine.qmp("dump-cancel")
    check_equal(machine.qmp.wait_event("DUMP_COMPLETED")["data"].get("error"), "cancelled", "the dump's error")
    os.close(reader)


def talk(guest, hmp_socket):
    """Runs the other commands, in both monitors."""
    machine = guest.machine
    machine.qmp("query-dump-estimate", format="kdump-zlib")
    machine.qmp("stop")
    machine.qmp("cont")
    check("0x" in machine.qmp.hmp("xp /4gx 0x200000"), "no memory by xp")
    machine.qmp("object-add", **{"qom-type": "memory-backend-memfd", "id": "more", "size": 1 << 20})
    machine.qmp("object-del", id="more")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(hmp_socket)
        client.settimeout(20)
        client.sendall(b"info registers\n")
        told = b""
        while b"RIP=" not in told:
            told += client.recv(65536)
    machine.qmp("system_reset")
    check_equal(machine.qmp("query-status")["status"], "running", "status after all")


def whole_life(the_lab, accel):
    the_lab.leave_leaks()
    hmp = the_lab.path("hmp")
    guest = CountingGuest(the_lab, accel, VCPUS, "-sandbox", STRICTEST, "-monitor", "unix:%s,server=on,wait=off" % hmp)
    check(check_all_filtered(guest.machine, "at first") >= 1 + VCPUS, "too few threads")
    dump_into_files(guest, the_lab)
    dump_into_descriptors(guest, the_lab)
    detach_and_cancel(guest, the_lab)
    talk(guest, hmp)
    guest.machine.quit()


@case
def a_synthetic_machine_lives_and_dumps_behind_it(the_lab):
    whole_life(the_lab, "synthetic")


@case
def a_kvm_machine_lives_and_dumps_behind_it(the_lab):
    if not kvm_works():
        raise Skip("/dev/kvm does not work here")
    whole_life(the_lab, "kvm")


@case
def a_daemon_and_a_restored_machine_are_behind_it_too(the_lab):
    the_lab.leave_leaks()
    CountingGuest(the_lab, "synthetic", VCPUS).machine.dump(the_lab.path("vmcore"), fmt="kdump-zlib")
    restored = the_lab.vm("-restore", the_lab.path("vmcore"), "-sandbox", STRICTEST)
    restored.dump(the_lab.path("again"))
    check_all_filtered(restored, "of a restored machine")
    restored.quit()
    daemon = the_lab.vm("-accel", "synthetic", "-sandbox", STRICTEST, "-daemonize", "-pidfile", the_lab.path("pid"))
    check_equal(daemon.process.wait(20), 0, "exit status of who started the daemon")
    daemon.dump(the_lab.path("of-daemon"))
    with open(the_lab.path("pid")) as file, open("/proc/%d/status" % int(file.read())) as status:
        check("Seccomp:\t2" in status.read(), "a daemon without a filter")
    daemon.qmp("quit")


class Intruder:
    """A machine in which a thread makes the system calls that the test asks for; see tests/interop/programs/asked_calls.c."""

    def __init__(self, the_lab, *options):
        build = os.path.dirname(os.path.dirname(program("guestdump-vm")))
        path = the_lab.path("calls%d" % len(the_lab.children))
        with open(path, "w+b") as file:
            file.truncate(4096)
            self.page = mmap.mmap(file.fileno(), 4096)
        self.machine = the_lab.vm("-accel", "synthetic", "-m", "16M", *options, env=dict(
            os.environ, ASKED_CALLS=path, LD_PRELOAD=os.path.join(build, "tests", "interop", "libasked_calls.so")))
        self.machine.qmp("query-status")

    def errno_of(self, call, new_thread=False):
        """The errno of a system call; None if the process was ended for it."""
        number, arguments = call
        self.page[4:40] = struct.pack("<Iqqqq", new_thread, number, *(arguments + (0, 0, 0))[:3])
        self.page[0:4] = struct.pack("<I", 1)
        end = time.monotonic() + 20
        while self.page[0:4] != struct.pack("<I", 2):
            if self.machine.process.poll() is not None:
                check_equal(self.machine.process.returncode, -signal.SIGSYS, "how the machine ended")
                return None
            check(time.monotonic() < end, "call %d gets no answer", number)
            time.sleep(0.001)
        return struct.unpack_from("<q", self.page, 40)[0]


@case
def without_it_all_is_allowed(the_lab):
    intruder = Intruder(the_lab)
    for call, expected in ((PTRACE, errno.ESRCH), (CLONE, errno.EINVAL), (EXECVE, errno.EFAULT), (SETUID, errno.EINVAL),
                           (UNSHARE, 0), (SCHED_SETAFFINITY, errno.EINVAL)):
        for new_thread in (False, True):
            check_equal(intruder.errno_of(call, new_thread), expected, "errno of call %d" % call[0])
    intruder.machine.quit()


@case
def what_is_denied_ends_the_machine_whichever_thread_tries(the_lab):
    the_lab.leave_leaks()
    for call in (PTRACE, UNSHARE, CLONE, EXECVE, SETUID):
        for new_thread in (False, True):
            check_equal(Intruder(the_lab, "-sandbox", STRICTEST).errno_of(call, new_thread), None, "errno of call %d" % call[0])
    intruder = Intruder(the_lab, "-sandbox", STRICTEST)
    check_equal(intruder.errno_of(SCHED_SETAFFINITY), errno.EPERM, "errno of resource control")
    intruder.machine.quit()


@case
def what_is_not_asked_for_is_allowed_as_in_qemu(the_lab):
    intruder = Intruder(the_lab, "-sandbox", "on")
    for call, expected in ((EXECVE, errno.EFAULT), (SETUID, errno.EINVAL), (SCHED_SETAFFINITY, errno.EINVAL), (CLONE, errno.EINVAL)):
        check_equal(intruder.errno_of(call), expected, "errno of call %d" % call[0])
    check_equal(intruder.errno_of(PTRACE), None, "errno of ptrace")


@case
def managers_are_told_of_it(the_lab):
    machine = the_lab.vm("-accel", "synthetic")
    options = {option["option"]: option for option in machine.qmp("query-command-line-options")}
    names = [parameter["name"] for parameter in options["sandbox"]["parameters"]]
    check_equal(names, ["enable", "obsolete", "elevateprivileges", "spawn", "resourcecontrol"], "parameters")


run_cases()
