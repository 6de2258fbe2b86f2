#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What other users and programs of the host can see of a machine: descriptors, files, sockets, cores, logs."""
import contextlib
import mmap
import os
import socket
import stat
import subprocess
import time

from lab import PYTHON, case, check, check_equal, program, run_cases
from lab.process_cores import core_of_killed, kernel_writes_cores_here, may_dump_core
from lab.wire import Wire, connected

MARK = b"\xa5secret of a guest\xa5"
NOBODY = 65534
CLOSE_ON_EXEC = 0o2000000  # of fdinfo's flags. [linux proc(5)]
MIB = 1 << 20
FORMATS = ("elf", "kdump-zlib", "kdump-lzo", "kdump-snappy", "kdump-zstd")


def write_secrets(path, size):
    """Writes different pages with the mark, so that a dump leaves none out and the mark does not compress away."""
    with open(path, "wb") as out:
        for _ in range(0, size, 4096):
            out.write((MARK + os.urandom(8)) * 151 + os.urandom(19))


def machine_with_secrets(lab, properties, **more):
    write_secrets(lab.path("secrets"), 8 * MIB)
    return lab.vm("-accel", "synthetic", "-S", "-machine", "pc,memory-backend=ram," + properties,
                  "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s" % (8 * MIB, lab.path("secrets")), cwd=lab.folder, **more)


def left_open_by_exec(pid):
    """[target] of each descriptor above 2 that a program started by the process would inherit."""
    found = []
    for fd in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            with open("/proc/%d/fdinfo/%s" % (pid, fd)) as info:
                flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
            if int(fd) > 2 and not flags & CLOSE_ON_EXEC:
                found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return found


def stalled_dump(machine, name, fmt):
    """Starts a dump into a pipe that nobody reads; returns the reading end."""
    reader, writer = os.pipe()
    machine.qmp("getfd", fds=[writer], fdname=name)
    os.close(writer)
    machine.qmp("dump-guest-memory", paging=False, protocol="fd:" + name, format=fmt, detach=True)
    time.sleep(0.3)  # until the pipe is full
    check_equal(machine.qmp("query-dump")["status"], "active", "a dump that nobody reads")
    return reader


def marks(path):
    """The number of marks in a file; a page of the guest has 151."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        found = at = 0
        while (at := data.find(MARK, at) + 1) > 0:
            found += 1
        return found


def check_few(found, what):
    """Allows the data that a thread copied last: it is in registers and on the stack, which the kernel writes too."""
    check(found <= 8, "%d marks in the core %s", found, what)


@case
def no_file_gets_the_number_of_a_standard_descriptor_that_is_closed(lab):
    # Otherwise the machine's output, such as guest memory, would be written into that file.
    for more in ([], ["-daemonize"]):
        name = "daemon" if more else "child"
        child = subprocess.Popen(
            [program("guestdump-vm"), "-accel", "synthetic", "-machine", "pc,memory-backend=ram", "-pidfile", lab.path(name + ".pid"),
             "-object", "memory-backend-file,id=ram,size=8M,mem-path=%s,share=on" % lab.path(name + ".ram"),
             "-qmp", "unix:%s,server=on,wait=off" % lab.path(name), *more], preexec_fn=lambda: os.closerange(0, 3), start_new_session=True)
        lab.children.append(child)
        if more:
            check_equal(child.wait(30), 0, "exit status of what was started")
        client = Wire(connected(lab.path(name)))
        client.line()
        client.returned(b'{"execute": "qmp_capabilities"}')
        with open(lab.path(name + ".pid")) as number:
            pid = int(number.read())
        check_equal({os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)}, {"/dev/null"}, "standard descriptors")
        client.returned(b'{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "file:%s"}}'
                        % lab.path(name + ".core").encode())
        client.returned(b'{"execute": "quit"}')
    for closed in (0, 1, 2):
        done = subprocess.run([program("guestdump"), "info", "--json", lab.path("child.core")], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=lambda: os.close(closed))
        check_equal(done.returncode, 2 if closed == 1 else 0, "exit status without descriptor %d" % closed)


@case
def no_descriptor_is_left_to_a_program_that_is_started(lab):
    # With everything that uses descriptors: KVM if it works, every kind of RAM and monitor, a client's descriptor, a
    # dump.
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(lab.path("inherited"))
    listener.listen()
    child = subprocess.Popen(
        [program("guestdump-vm"), "-accel", "kvm:synthetic", "-machine", "pc,memory-backend=ram", "-pidfile", lab.path("pid"),
         "-object", "memory-backend-memfd,id=ram,size=16M", "-object", "memory-backend-ram,id=anonymous,size=1M",
         "-object", "memory-backend-file,id=file,size=1M,mem-path=" + lab.path("ram"),
         "-chardev", "socket,id=one,fd=%d,server=on,wait=off" % listener.fileno(), "-mon", "chardev=one,mode=control",
         "-monitor", "stdio", "-qmp", "unix:%s,server=on,wait=off" % lab.path("qmp")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[listener.fileno()], start_new_session=True)
    lab.children.append(child)
    client = Wire(connected(lab.path("qmp")))
    client.line()
    client.returned(b'{"execute": "qmp_capabilities"}')
    reader, writer = os.pipe()
    client.returned(b'{"execute": "getfd", "arguments": {"fdname": "kept"}}', fds=[writer])
    client.returned(b'{"execute": "getfd", "arguments": {"fdname": "target"}}', fds=[writer])
    client.returned(b'{"execute": "add-fd"}', fds=[writer])
    check_equal(left_open_by_exec(child.pid), [], "descriptors that stay open")
    client.returned(b'{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "fd:target", "detach": true}}')
    check_equal(left_open_by_exec(child.pid), [], "descriptors that stay open during a dump into a pipe")
    os.close(reader)
    while True:
        client.returned(b'{"execute": "query-dump"}')
        status = client.returned(b'{"execute": "query-dump"}')["status"]
        if status != "active":
            break
    command = b'{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "file:%s", "detach": true}}'
    for _ in range(5):
        client.returned(command % lab.path("vmcore").encode())
        while client.returned(b'{"execute": "query-dump"}')["status"] == "active":
            check_equal(left_open_by_exec(child.pid), [], "descriptors that stay open during a dump into a file")
    check(len(os.listdir("/proc/%d/fd" % child.pid)) > 10, "hardly any descriptors were looked at")


def connects_as_nobody(path):
    """The error that another user gets when connecting."""
    script = "import os, socket, sys; os.setgid(%d); os.setuid(%d); socket.socket(socket.AF_UNIX).connect(sys.argv[1])" % (
        NOBODY, NOBODY)
    return subprocess.run([PYTHON, "-c", script, path], capture_output=True, text=True).stderr


@case
def sockets_and_files_are_the_users_own_whatever_the_umask(lab):
    lab.folder.chmod(0o755)
    machine = lab.vm("-accel", "synthetic", "-machine", "pc,memory-backend=ram", "-pidfile", lab.path("pid"),
                     "-object", "memory-backend-file,id=ram,size=16M,mem-path=%s,share=on" % lab.path("ram"),
                     "-monitor", "unix:%s,server=on,wait=off" % lab.path("hmp"), preexec_fn=lambda: os.umask(0))
    machine.dump(lab.path("vmcore"))
    for path in (machine.socket_path, lab.path("hmp"), lab.path("pid"), lab.path("ram"), lab.path("vmcore")):
        check_equal(oct(stat.S_IMODE(os.stat(path).st_mode)), oct(0o600), "mode of " + os.path.basename(path))
    if os.getuid() == 0:
        check("PermissionError" in connects_as_nobody(lab.path("hmp")), "another user can connect")
        os.chmod(lab.path("hmp"), 0o666)  # but it can if that is wanted
        check_equal(connects_as_nobody(lab.path("hmp")), "", "what another user is told")


def core_of(lab, guest_core, dumps=()):
    """Path of a core, written by the kernel, of a machine with secrets that is making dumps."""
    kernel_writes_cores_here()
    machine = machine_with_secrets(lab, "dump-guest-core=" + guest_core, preexec_fn=may_dump_core)
    machine.dump(lab.path("whole"), fmt="kdump-zlib")
    os.unlink(lab.path("whole"))
    readers = [stalled_dump(machine, "target", fmt) for fmt in dumps]
    core = core_of_killed(machine, lab)
    for reader in readers:
        os.close(reader)
    return core


@case
def a_core_has_guest_memory_by_default(lab):
    check(marks(core_of(lab, "on")) >= 8 * MIB // 4096 * 151, "it is not all in the core")


@case
def a_core_has_none_of_it_where_it_is_not_wanted(lab):
    check_few(marks(core_of(lab, "off")), "of a machine that has dumped")


@case
def a_core_of_a_machine_that_was_dumping_has_no_page_of_it_either(lab):
    for fmt in FORMATS:
        core = core_of(lab, "off", [fmt])
        check_few(marks(core), "during a dump as " + fmt)
        os.unlink(core)


@case
def a_log_has_none_of_the_guests_bytes(lab):
    machine = machine_with_secrets(lab, "dump-guest-core=on")
    for fmt in FORMATS:
        machine.dump(lab.path("vmcore"), fmt=fmt)
        machine.qmp.request({"execute": "dump-guest-memory", "arguments": {
            "paging": fmt == "elf", "protocol": "file:/dev/full", "format": fmt}})
    check("secret" not in machine.qmp.hmp("xp /40xb 0x1000") + machine.qmp.hmp("print 1"), "hexadecimal bytes are text")
    machine.quit()
    # A guest, or the author of a vmcore, has put secrets into names and notes.
    machine = machine_with_secrets(lab, "dump-guest-core=on")
    machine.dump(lab.path("vmcore"))
    machine.kill()
    whole = open(lab.path("vmcore"), "rb").read()
    for old, new in ((b"QEMU\0", MARK[:4] + b"\0"), (b"\5\0\0\0\xb8\1\0\0", b"\5\0\0\0\xff\xff\0\0")):
        check(old in whole, "there is no %r to be replaced", old)
        with open(lab.path("hostile"), "wb") as out:
            out.write(whole.replace(old, new, 1))
        restored = lab.vm("-restore", lab.path("hostile"))
        with contextlib.suppress(AssertionError):  # it may be refused
            restored.dump(lab.path("again"))
            restored.kill()
        restored.process.wait(20)
        check("sec" not in restored.said(), "it said: %s", restored.said())
    check_equal(machine.said(), "", "what the machine said")


run_cases()
