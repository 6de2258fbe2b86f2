#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What other users and other programs of the host get to see of a machine: descriptors, files, sockets."""
import contextlib
import os
import socket
import stat
import subprocess

from lab import PYTHON, case, check, check_equal, program, run_cases
from wire import Wire, connected

NOBODY = 65534
CLOSE_ON_EXEC = 0o2000000  # of fdinfo's flags. [linux proc(5)]


def left_open_by_exec(pid):
    """[what it leads to] for each descriptor above 2 that a program started by the process would have."""
    found = []
    for fd in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            with open("/proc/%d/fdinfo/%s" % (pid, fd)) as info:
                flags = next(int(line.split()[1], 8) for line in info if line.startswith("flags:"))
            if int(fd) > 2 and not flags & CLOSE_ON_EXEC:
                found.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return found


@case
def no_descriptor_is_left_to_a_program_that_is_started(lab):
    # With all that has descriptors: kvm where it works, every kind of RAM and of monitor, a client's own, a dump under way.
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
    """What another user is told who connects."""
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
        os.chmod(lab.path("hmp"), 0o666)  # and can when that is wanted
        check_equal(connects_as_nobody(lab.path("hmp")), "", "what another user is told")


run_cases()
