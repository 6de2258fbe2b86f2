#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump is interrupted or killed, or its machine dies: it ends as soon as possible and leaves nothing."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

from lab import case, check, check_equal, program, run_cases
from lab.dump_command import SLOW, dumping, files, fill, guest_dump, guest_status, guestdump, running_qemu, slow_dump, slow_machine, wait_for
from qmp import Qmp


@case
def a_file_that_was_there_stays_until_the_new_one_is_whole(lab):
    machine = slow_machine(lab)
    with open(lab.path("core"), "w") as old:
        old.write("old")
    child = slow_dump(lab, machine)
    check_equal(open(lab.path("core")).read(), "old", "the file")
    child.send_signal(signal.SIGINT)
    check_equal(child.wait(20), 130, "exit status")
    check_equal(open(lab.path("core")).read(), "old", "the file")


@case
def ctrl_c_cancels_and_leaves_nothing_and_the_guest_runs(lab):
    machine = slow_machine(lab)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = slow_dump(lab, machine)
        child.send_signal(number)
        check_equal(child.wait(20), 128 + number, "exit status")
        check("cancelled" in child.stderr.read().decode(), "it does not say that it was cancelled")
        check_equal(files(lab), [], "files")
        check_equal(guest_status(lab, machine), "running", "status")


@case
def ctrl_c_cancels_qemus_dump_too(lab):
    ram = fill(lab, "ram", 1 << 30)
    machine = running_qemu(lab, "-object", "memory-backend-file,id=ram,size=1G,mem-path=%s,share=on" % ram,
                           "-machine", "pc,memory-backend=ram")
    for how in (["--by-machine"], []):
        child = dumping(lab, machine, *how, "--format", "kdump-zlib", lab.path("core"))
        wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
        child.send_signal(signal.SIGINT)
        check_equal(child.wait(20), 130, "exit status")
        check_equal(files(lab), [], "files")
        check_equal(guest_status(lab, machine), "running", "status")


@case
def a_fifo_that_nobody_reads_can_be_left_and_keeps_no_other_client_waiting(lab):
    machine = lab.vm("-m", "16M", "-accel", "synthetic")
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    os.mkfifo(lab.path("fifo"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = dumping(lab, machine, lab.path("fifo"))
        wait_for(lambda: waits_in_open(child), "the open()")
        check_equal(guest_status(lab, machine), "running", "status")
        child.send_signal(number)
        check_equal(child.wait(20), -number, "exit status")


def waits_in_open(child):
    """Whether a process waits in open(), as for a FIFO."""
    with open("/proc/%d/wchan" % child.pid) as file:
        return file.read() in ("wait_for_partner", "fifo_open")


FILE, FOLDER = range(2)  # in the order of their fsync() calls


class SlowSync:
    """A dump of a small machine whose command blocks in fsync() number @which; see tests/interop/programs/slow_sync.c."""

    def __init__(self, lab, which):
        machine = lab.vm("-m", "16M", "-accel", "synthetic")
        wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
        names = lab.path("fifo%d-" % len(lab.children))
        self.fifo = names + str(which)
        os.mkfifo(self.fifo)
        library = os.path.join(os.path.dirname(os.path.dirname(program("guestdump"))), "tests", "interop", "libslow_sync.so")
        self.child = dumping(lab, machine, lab.path("core"), env=dict(os.environ, LD_PRELOAD=library, SLOW_SYNC=names))

    @contextlib.contextmanager
    def fsync(self):
        """A context in which that fsync() is under way."""
        with open(self.fifo, "wb"):
            yield

    def ended(self):
        """The exit status and stderr."""
        return self.child.wait(20), self.child.stderr.read().decode()


@case
def ctrl_c_cancels_until_the_file_has_its_name(lab):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        dump = SlowSync(lab, FILE)
        with dump.fsync():
            dump.child.send_signal(number)
            time.sleep(0.2)  # it is not visible from outside that a signal was taken
        status, said = dump.ended()
        check_equal(status, 128 + number, "exit status")
        check("guestdump dump: cancelled" in said, "it says %s", said)
        check_equal(files(lab), [], "files")


@case
def ctrl_c_twice_does_not_wait_for_the_disk(lab):
    dump = SlowSync(lab, FILE)
    with dump.fsync():
        end = time.monotonic() + 20
        while dump.child.poll() is None:
            check(time.monotonic() < end, "it waits for the disk")
            dump.child.send_signal(signal.SIGINT)
            time.sleep(0.05)
    check_equal(dump.ended()[0], -signal.SIGINT, "exit status")
    check_equal(files(lab), [], "files")


@case
def ctrl_c_is_too_late_when_the_file_has_its_name(lab):
    dump = SlowSync(lab, FOLDER)
    with dump.fsync():
        check_equal(files(lab), ["core"], "files")
        dump.child.send_signal(signal.SIGINT)
        time.sleep(0.2)
    status, said = dump.ended()
    check_equal(status, 0, "exit status")
    check("too late to cancel" in said, "it says %s", said)
    lab.run(program("guestdump"), "verify", lab.path("core"))


@contextlib.contextmanager
def late_replies(lab, machine, command):
    """Path of a socket that relays @machine's monitor, but delays the replies to @command until the context ends."""
    path, asked, free = lab.path("qmp-late"), threading.Event(), threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def pass_on(source, target, seen):
        with contextlib.suppress(OSError):
            while True:
                data, fds, _, _ = socket.recv_fds(source, 65536, 4)
                if not data:
                    break
                seen(data)
                socket.send_fds(target, [data], fds) if fds else target.sendall(data)
                for fd in fds:
                    os.close(fd)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def note(data):
        if b'"%s"' % command.encode() in data:
            asked.set()

    def hold(_):
        if asked.is_set():
            free.wait(60)

    def serve():
        client, _ = listener.accept()
        with client, listener, socket.socket(socket.AF_UNIX) as real:
            real.connect(machine.socket_path)
            back = threading.Thread(target=pass_on, args=(real, client, hold), daemon=True)
            back.start()
            pass_on(client, real, note)
            free.set()
            back.join(60)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield path, asked
    finally:
        free.set()


@case
def ctrl_c_before_the_machine_has_replied_cancels_too(lab):
    other = lab.path("qmp-other")
    machine = slow_machine(lab, "-qmp", "unix:%s,server=on,wait=off" % other)
    watcher = Qmp(other)
    with late_replies(lab, machine, "dump-guest-memory") as (path, asked):
        child = subprocess.Popen([program("guestdump"), "dump", "--qmp", path, *SLOW, lab.path("core")], stderr=subprocess.PIPE,
                                 start_new_session=True)
        lab.children.append(child)
        check(asked.wait(20), "no dump was asked for")
        wait_for(lambda: watcher("query-dump")["status"] == "active", "the dump")
        child.send_signal(signal.SIGINT)
        time.sleep(0.2)
    check_equal(child.wait(20), 130, "exit status")
    check("guestdump dump: cancelled" in child.stderr.read().decode(), "it does not say that it was cancelled")
    check_equal(watcher("query-dump")["status"], "failed", "the dump")
    check_equal(watcher("query-status")["status"], "running", "the guest")
    check_equal(files(lab), [], "files")


@case
def ctrl_c_cancels_while_a_reader_stalls_that_has_not_taken_the_end_of_qemus_dump(lab):
    other = lab.path("qmp-other")
    machine = running_qemu(lab, "-S", "-qmp", "unix:%s,server=on,wait=off" % other)
    watcher = Qmp(other)
    guestdump(lab, machine, "dump", "--by-machine", "--format", "kdump-zlib", lab.path("whole"))
    size = os.path.getsize(lab.path("whole"))
    os.mkfifo(lab.path("fifo"))
    child = dumping(lab, machine, "--by-machine", "--format", "kdump-zlib", lab.path("fifo"))
    with open(lab.path("fifo"), "rb", buffering=0) as reader:
        left = size - (512 << 10)  # more than fits into a pipe, less than the command still has
        while left > 0:
            left -= len(reader.read(min(left, 65536)))
        wait_for(lambda: watcher("query-dump")["status"] == "completed", "the end of the dump")
        time.sleep(0.5)
        check_equal(child.poll(), None, "exit status")
        child.send_signal(signal.SIGINT)
        check_equal(child.wait(20), 130, "exit status")
    check("guestdump dump: cancelled" in child.stderr.read().decode(), "it does not say that it was cancelled")


@case
def a_killed_command_leaves_nothing(lab):
    machine = slow_machine(lab)
    child = slow_dump(lab, machine)
    child.kill()
    child.wait(20)
    machine.qmp("dump-cancel")
    wait_for(lambda: machine.qmp("query-dump")["status"] == "failed", "the end of the dump")
    check_equal(files(lab), [], "files")
    check_equal(machine.qmp("query-status")["status"], "running", "status")


@case
def a_machine_that_dies_leaves_nothing(lab):
    machine = slow_machine(lab)
    child = slow_dump(lab, machine)
    machine.kill()
    check_equal(child.wait(20), 2, "exit status")
    check("closed the connection" in child.stderr.read().decode(), "it does not say why")
    check_equal(files(lab), [], "files")


run_cases()
