#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump, status, stop and cont, against our machine and against QEMU, as a person and as a script use them."""
import contextlib
import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from lab import Skip, case, check, check_equal, linux_guest, need, program, run_cases
from qmp import Qmp, QmpError
from vmcore import Elf, difference

FORMATS = ["elf", "kdump-zlib", "kdump-raw-zlib", "kdump-lzo", "kdump-raw-lzo", "kdump-snappy", "kdump-raw-snappy",
           "kdump-zstd", "kdump-raw-zstd", "vbox-core"]
QEMU_FORMATS = ["elf", "kdump-zlib"]  # Debian builds it without the others


def guestdump(lab, machine, *words, status=0):
    """Runs a command on @machine; returns what it says."""
    return lab.run(program("guestdump"), words[0], "--qmp", machine.socket_path, *words[1:], status=status)


def restored(lab):
    machine = lab.vm("-restore", os.path.join(linux_guest(), "ref.elf"))
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    return machine


def running_qemu(lab, *options):
    machine = lab.qemu("-m", "1G", *options)
    wait_for(lambda: os.path.exists(machine.socket_path), "QEMU's monitor")
    return machine


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, "%s has not come", what)
        time.sleep(0.01)


def guest_status(lab, machine):
    return re.search(r"^guest: +(\S+)", guestdump(lab, machine, "status"), re.M).group(1)


def dumping(lab, machine, *words, stderr=subprocess.PIPE, **more):
    """A dump that is under way."""
    child = subprocess.Popen([program("guestdump"), "dump", "--qmp", machine.socket_path, *words],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True,
                             **more)
    lab.children.append(child)
    return child


def fill(lab, name, size):
    """A memory file with @size bytes that no compressor likes, so that dumps of it take their time."""
    path = lab.path(name)
    block = os.urandom(8 << 20)
    with open(path, "wb") as out:
        for _ in range(size // len(block)):
            out.write(block)
    return path


def slow_machine(lab, *options):
    """A running guest whose dump takes seconds."""
    size = 768 << 20
    ram = fill(lab, "ram", size)
    machine = lab.vm("-machine", "pc,memory-backend=ram", "-accel", "synthetic", "-smp", "1",
                     "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (size, ram), *options)
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    return machine


SLOW = ["--format", "kdump-zstd", "--level", "19", "--threads", "1", "--no-share-pages"]


def files(lab):
    """Names in the case's folder that are no part of its machinery."""
    return sorted(name for name in os.listdir(lab.folder) if not name.startswith(("qmp", "errors", "ram", "fifo")))


@case
def every_format_is_what_the_monitor_writes_itself(lab):
    machine = restored(lab)
    for form in FORMATS:
        guestdump(lab, machine, "dump", "--format", form, lab.path("ours"))
        machine.dump(lab.path("monitors"), form)
        machine.qmp.sock.close()
        machine._qmp = None
        lab.run("cmp", lab.path("ours"), lab.path("monitors"))
        check_equal(os.stat(lab.path("ours")).st_mode & 0o7777, 0o600, "the file's mode")


def estimate(lab, machine, *words):
    """Expected, lowest, highest and the most without holes, as the command tells them."""
    said = guestdump(lab, machine, "dump", "--estimate", *words)
    return [int(number) for number in re.findall(r"(\d+) bytes", said)]


@case
def the_real_size_lies_inside_the_estimate_in_every_format(lab):
    machine = restored(lab)
    for form in FORMATS:
        expected, lowest, highest, without_holes = estimate(lab, machine, "--format", form)
        guestdump(lab, machine, "dump", "--format", form, lab.path("core"))
        status = os.stat(lab.path("core"))
        real = status.st_blocks * 512 if form in ("elf", "vbox-core") else status.st_size  # these have holes
        check(lowest <= real <= highest, "%s: %d is not from %d to %d", form, real, lowest, highest)
        check(lowest <= expected <= highest, "%s: expected %d", form, expected)
        check(status.st_size <= without_holes, "%s: %d bytes without holes are more than %d", form, status.st_size, without_holes)
        check(highest - lowest < 0.5 * real, "%s: from %d to %d is no help", form, lowest, highest)
        print("# %s: %d bytes, %+.1f %% expected, %+.1f to %+.1f %%" % (form, real, *(
            100 * (value / real - 1) for value in (expected, lowest, highest))))


@case
def an_estimate_disturbs_nobody(lab):
    machine = slow_machine(lab)
    first = estimate(lab, machine, "--format", "kdump-zlib", "--begin", "0", "--length", "0x1000000")
    check(first[0] < 17 << 20, "16 MiB take %d bytes", first[0])
    check_equal(machine.qmp("query-dump-estimate", format="kdump-zlib", begin=0, length=1 << 24)["highest"], first[2], "highest by QMP")
    check(re.fullmatch(r"%d bytes, from %d to %d\r\n" % tuple(first[:3]), machine.qmp.hmp("info dump-estimate -z 0 0x1000000")), "HMP")
    check_equal(machine.qmp.events, [], "events")
    check_equal(machine.qmp("query-status")["status"], "running", "status")
    machine.qmp.sock.close()
    machine._qmp = None
    for words, said in [(["--level", "3"], "--estimate takes --format, --begin and --length only"),
                        (["--begin", "1"], "Parameter 'length' is missing"),
                        (["--format", "win-dmp"], "win-dmp is not available now")]:
        check(said in guestdump(lab, machine, "dump", "--estimate", *words, status=2), "%s: not '%s'", words, said)
    qemu = running_qemu(lab, "-S")
    check("query-dump-estimate has not been found" in guestdump(lab, qemu, "dump", "--estimate", status=2), "QEMU gave an estimate")


@case
def all_options_come_to_the_machine(lab):
    machine = restored(lab)
    guestdump(lab, machine, "dump", "--paging", "--begin", "0x1000", "--length", "4096", "--max-mappings", "1000000", lab.path("a"))
    check_equal(Elf(lab.path("a")).read(0x1000, 4096), Elf(os.path.join(linux_guest(), "ref.elf")).read(0x1000, 4096), "the page")
    for words, said in [(["--level", "13", "--format", "kdump-zlib"], "from 1 to 12, not 13"),
                        (["--level", "x"], "--level expects a number, not 'x'"),
                        (["--begin", "1"], "Parameter 'length' is missing"),
                        (["--max-mappings", "5"], "parameter 'max-mappings' needs paging"),
                        (["--no-share-pages"], "does not support parameter 'share-pages'"),
                        (["--threads", "5000"], "--threads expects a value from 1 to 1024"),
                        (["--format", "win-dmp"], "win-dmp is not available now"),
                        (["--format", "quux"], "there is no format 'quux'")]:
        check(said in guestdump(lab, machine, "dump", *words, lab.path("b"), status=2), "%s: not '%s'", words, said)
    check_equal(files(lab), ["a"], "files")


@case
def qemus_dump_comes_through_too(lab):
    machine = running_qemu(lab, "-S")
    for form in QEMU_FORMATS:
        guestdump(lab, machine, "dump", "--format", form, lab.path("by-us"))
        machine.dump(lab.path("by-qemu"), form)
        machine.qmp.sock.close()
        machine._qmp = None
        lab.run("cmp", lab.path("by-us"), lab.path("by-qemu"))
    check("is unexpected" in guestdump(lab, machine, "dump", "--threads", "2", lab.path("no"), status=2), "QEMU took --threads")
    check_equal(files(lab), ["by-qemu", "by-us"], "files")


@case
def dump_goes_to_a_pipe_and_a_fifo(lab):
    machine = restored(lab)
    guestdump(lab, machine, "dump", lab.path("file"))
    with open(lab.path("piped"), "wb") as out:
        first = subprocess.Popen([program("guestdump"), "dump", "--quiet", "--qmp", machine.socket_path, "-"], stdout=subprocess.PIPE)
        subprocess.run(["cat"], stdin=first.stdout, stdout=out, check=True, timeout=60)
        first.stdout.close()
        check_equal(first.wait(60), 0, "exit status")
    check_equal(difference(Elf(lab.path("piped")), Elf(lab.path("file"))), None, "the difference")
    os.mkfifo(lab.path("fifo"))
    with open(lab.path("copied"), "wb") as out:
        reader = subprocess.Popen(["cat", lab.path("fifo")], stdout=out)
    guestdump(lab, machine, "dump", lab.path("fifo"))
    check_equal(reader.wait(60), 0, "the reader's exit status")
    lab.run("cmp", lab.path("piped"), lab.path("copied"))


@case
def a_file_that_was_there_stays_until_the_new_one_is_whole(lab):
    machine = slow_machine(lab)
    with open(lab.path("core"), "w") as old:
        old.write("old")
    child = dumping(lab, machine, *SLOW, lab.path("core"))
    wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
    check_equal(open(lab.path("core")).read(), "old", "the file")
    child.send_signal(signal.SIGINT)
    check_equal(child.wait(20), 130, "exit status")
    check_equal(open(lab.path("core")).read(), "old", "the file")


def guest_dump(lab, child):
    """Whether a dump has said that it moves: its first plain line."""
    line = child.stderr.readline().decode()
    return "active" if "%" in line else line


@case
def ctrl_c_cancels_and_leaves_nothing_and_the_guest_runs(lab):
    machine = slow_machine(lab)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = dumping(lab, machine, *SLOW, lab.path("core"))
        wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
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
    child = dumping(lab, machine, "--format", "kdump-zlib", lab.path("core"))
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
    """Whether a process waits until a FIFO, or the like, can be opened."""
    with open("/proc/%d/wchan" % child.pid) as file:
        return file.read() in ("wait_for_partner", "fifo_open")


FILE, FOLDER = range(2)  # in this order they are synced


class SlowSync:
    """A dump of a small machine whose command waits in its fsync() number @which; tests/interop/slow_sync.c."""

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
        """While it is under way."""
        with open(self.fifo, "wb"):
            yield

    def ended(self):
        """The exit status, and what it said."""
        return self.child.wait(20), self.child.stderr.read().decode()


@case
def ctrl_c_cancels_until_the_file_has_its_name(lab):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        dump = SlowSync(lab, FILE)
        with dump.fsync():
            dump.child.send_signal(number)
            time.sleep(0.2)  # there is nothing to see of a signal that was taken
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
    """Path of a monitor that is @machine's, but for the replies to @command: they come after the end of this."""
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
    guestdump(lab, machine, "dump", "--format", "kdump-zlib", lab.path("whole"))
    size = os.path.getsize(lab.path("whole"))
    os.mkfifo(lab.path("fifo"))
    child = dumping(lab, machine, "--format", "kdump-zlib", lab.path("fifo"))
    with open(lab.path("fifo"), "rb", buffering=0) as reader:
        left = size - (512 << 10)  # more than a pipe takes, less than the command does
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
    child = dumping(lab, machine, *SLOW, lab.path("core"))
    wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
    child.kill()
    child.wait(20)
    machine.qmp("dump-cancel")
    wait_for(lambda: machine.qmp("query-dump")["status"] == "failed", "the end of the dump")
    check_equal(files(lab), [], "files")
    check_equal(machine.qmp("query-status")["status"], "running", "status")


@case
def a_machine_that_dies_leaves_nothing(lab):
    machine = slow_machine(lab)
    child = dumping(lab, machine, *SLOW, lab.path("core"))
    wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
    machine.kill()
    check_equal(child.wait(20), 2, "exit status")
    check("closed the connection" in child.stderr.read().decode(), "it does not say why")
    check_equal(files(lab), [], "files")


@case
def a_full_target_is_said_with_its_name(lab):
    machine = restored(lab)
    said = guestdump(lab, machine, "dump", "/dev/full", status=2)
    check("of '/dev/full': No space left on device" in said, "it says: %s", said)
    qemu = running_qemu(lab, "-S")
    said = guestdump(lab, qemu, "dump", "/dev/full", status=2)
    check("of '/dev/full': No space left on device" in said, "of QEMU it says: %s", said)


@contextlib.contextmanager
def mounted(lab, name, *words):
    folder = lab.path(name)
    os.mkdir(folder)
    lab.run("mount", *words, folder)
    try:
        yield folder
    finally:
        lab.run("umount", folder)


@contextlib.contextmanager
def overfull_device(lab, room="1m"):
    """A block device that takes more than the disk below it has room for: nobody is told who does not sync."""
    need("losetup", "mkfs.ext4")
    if os.geteuid() != 0 or subprocess.run(["losetup", "-f"], capture_output=True).returncode != 0:
        raise Skip("needs root and loop devices")
    with mounted(lab, "ram-disk", "-t", "tmpfs", "-o", "size=" + room, "tmpfs") as folder:
        lab.run("truncate", "-s", "64M", folder + "/blocks")
        device = lab.run("losetup", "-f", "--show", folder + "/blocks").strip()
        try:
            yield device
        finally:
            lab.run("losetup", "-d", device)


@case
def a_device_that_keeps_nothing_is_told(lab):
    machines = [(lab.vm("-m", "16M", "-accel", "synthetic"), "ours"), (lab.qemu("-m", "16M", "-S"), "QEMU's")]
    with overfull_device(lab) as device:
        why = "syncing '%s': Input/output error" % device
        for machine, whose in machines:
            wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
            check(why in guestdump(lab, machine, "dump", device, status=2), "%s by guestdump: not '%s'", whose, why)
        try:
            machines[0][0].dump(device)
            check(False, "the monitor says that %s has the dump", device)
        except QmpError as error:
            check_equal(error.desc, why, "the monitor's error")


@case
def what_could_not_be_replaced_in_the_end_is_refused_at_once(lab):
    if os.geteuid() != 0:
        raise Skip("needs root, to mount")
    machine = lab.vm("-m", "16M", "-accel", "synthetic")
    for name in ("below", "core"):
        with open(lab.path(name), "w") as file:
            file.write("old")
    lab.run("mount", "--bind", lab.path("below"), lab.path("core"))
    try:
        machine.dump(lab.path("core"))
        check(False, "a file that something is mounted on was replaced")
    except QmpError as error:
        check_equal(error.desc, "Could not open '%s': Device or resource busy" % lab.path("core"), "the monitor's error")
    finally:
        lab.run("umount", lab.path("core"))
    check_equal([event["event"] for event in machine.qmp.events], [], "events: the guest was not stopped")
    # Somebody else's, in a folder like /tmp.
    folder = lab.path("sticky")
    os.mkdir(folder)
    os.chmod(folder, 0o1777)
    os.chmod(lab.folder, 0o755)
    machine.dump(lab.path("sticky/small"))
    for name in ("small", "theirs"):
        with open(os.path.join(folder, name), "ab"):
            os.chmod(os.path.join(folder, name), 0o666)
    said = lab.run("setpriv", "--reuid=65534", "--clear-groups", program("guestdump"), "convert", folder + "/small", folder + "/theirs",
                   status=2)
    check("Could not open '%s/theirs': Operation not permitted" % folder in said, "it said %s", said)


@contextlib.contextmanager
def overfull_disk(lab):
    """A machine, and a folder that takes more than the disk below it has room for."""
    size = 24 << 20
    ram = fill(lab, "ram", size)
    machine = lab.vm("-machine", "pc,memory-backend=ram", "-accel", "synthetic",
                     "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (size, ram))
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    with overfull_device(lab, "20m") as device:
        lab.run("mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0", device)
        with mounted(lab, "disk", device) as folder:
            yield machine, folder


def disk_refuses(machine, protocol, name):
    try:  # without holes: no metadata fails as well
        machine.qmp("dump-guest-memory", paging=False, protocol=protocol, format="kdump-zlib", **{"share-pages": False})
        check(False, "the monitor says that the disk has the dump")
    except QmpError as error:
        check(error.desc.startswith("syncing '%s': " % name), "the monitor's error is %s", error.desc)


@case
def a_file_that_the_disk_could_not_keep_gets_no_name(lab):
    with overfull_disk(lab) as (machine, folder):
        core = os.path.join(folder, "core")
        with open(core, "w") as old:
            old.write("old")
            os.fsync(old.fileno())
        disk_refuses(machine, "file:" + core, core)
        check_equal(os.path.getsize(core), 3, "size of the older file")


@case
def a_clients_file_that_the_disk_could_not_keep_is_told(lab):
    with overfull_disk(lab) as (machine, folder), open(os.path.join(folder, "core"), "wb") as core:
        machine.qmp("getfd", fds=[core.fileno()], fdname="core")
        disk_refuses(machine, "fd:core", "core")


@case
def trouble_is_told_and_touches_nothing(lab):
    machine = restored(lab)
    run = program("guestdump")
    check("which machine?" in lab.run(run, "dump", lab.path("a"), status=2), "no machine was no error")
    check("No such file" in lab.run(run, "dump", "--qmp", "/nonexistent/q", lab.path("a"), status=2), "no socket was no error")
    check("Could not open" in guestdump(lab, machine, "dump", "/nonexistent/a", status=2), "no folder was no error")
    check("Is a directory" in guestdump(lab, machine, "dump", lab.path(""), status=2), "a folder was no error")
    environment = dict(os.environ, GUESTDUMP_QMP=machine.socket_path)
    check("completed" not in lab.run(run, "status", env=environment), "a dump was made")
    check_equal(files(lab), [], "files")


@case
def stop_and_cont_say_nothing_and_do_it(lab):
    for machine in (slow_machine(lab), running_qemu(lab)):
        check_equal(guestdump(lab, machine, "stop"), "", "what stop says")
        check_equal(guest_status(lab, machine), "paused", "status")
        check_equal(guestdump(lab, machine, "cont"), "", "what cont says")
        check_equal(guest_status(lab, machine), "running", "status")


@case
def a_terminal_shows_a_bar_that_moves_and_goes(lab):
    machine = slow_machine(lab)
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
    child = dumping(lab, machine, *SLOW, lab.path("core"), stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(screen, 4096):
            shown += part
    except OSError:
        pass  # the other side has closed the terminal
    os.close(screen)
    check_equal(child.wait(60), 0, "exit status")
    text = shown.decode()
    bars = re.findall(r"\r\[=*>? *\] +([0-9.]+) %  [^\x1b]*\x1b\[K", text)
    check(len(bars) >= 3, "bars in: %r", text)
    check([float(bar) for bar in bars] == sorted(float(bar) for bar in bars), "the bar went back: %s", bars)
    last = text.rsplit("\r\x1b[K", 1)[1]
    check(re.fullmatch(r"\S+/core: [^\n]* in [0-9.]+ s\r\n", last), "the last line is %r", last)
    check(all(len(line) < 90 for line in re.split(r"[\r\n]|\x1b\[K", text)), "a line is wider than the terminal")


need("cmp")
run_cases()
