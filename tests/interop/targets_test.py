#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets that need a machine of their own: read-only and full file systems, mount points, files of other users, and a
FIFO with a reader. tests/dump has the others: file_sink_test.cc, fd_sink_test.cc, stream_sink_test.cc.
"""
import os
import stat
import subprocess
import threading

from lab import Skip, case, check, check_equal, need, program, run_cases
from qmp import QmpError

MIB = 1 << 20


def machine_with_mounts(lab):
    """A machine that sees `lab/only` read-only and `lab/small` with a size of 2 MiB."""
    need("unshare", "mount")
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        raise Skip("needs the right to mount")
    for name in ("only", "small"):
        os.mkdir(lab.path(name))
    with open(lab.path("noise"), "wb") as out:
        out.write(os.urandom(8 * MIB))
    mounts = ("mount -t tmpfs -o size=1M none %s && mount -o remount,ro %s && mount -t tmpfs -o size=2M none %s && exec \"$@\"" % (
        lab.path("only"), lab.path("only"), lab.path("small")))
    return lab.machine("unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, "sh", program("guestdump-vm"),
                       "-accel", "synthetic", "-m", "16M", "-device", "loader,file=%s,addr=0x400000" % lab.path("noise"))


def seen(machine, path):
    """A path as the machine sees it."""
    machine.qmp("query-status")  # the machine and its mounts exist
    return "/proc/%d/root%s" % (machine.process.pid, path)


def refused(machine, path, **arguments):
    try:
        machine.dump(path, **arguments)
    except QmpError as error:
        return error.desc
    raise AssertionError("the dump to %s succeeded" % path)


@case
def a_read_only_file_system_is_told(lab):
    machine = machine_with_mounts(lab)
    path = lab.path("only/vmcore")
    check_equal(refused(machine, path), "Could not open '%s': Read-only file system" % path, "the error")
    check_equal(machine.qmp("query-status")["status"], "running", "the guest")
    machine.quit()


@case
def a_file_system_that_fills_up_is_told_and_keeps_what_was_there(lab):
    machine = machine_with_mounts(lab)
    path = lab.path("small/vmcore")
    with open(seen(machine, path), "wb") as out:
        out.write(b"old")
    for fmt in ("elf", "vbox-core", "kdump-zlib", "kdump-raw-zlib", "kdump-zstd"):
        said = refused(machine, path, fmt=fmt)
        check("No space left on device" in said and path in said, "%s: it said: %s", fmt, said)
        check_equal(os.listdir(seen(machine, lab.path("small"))), ["vmcore"], "files")
        with open(seen(machine, path), "rb") as old:
            check_equal(old.read(), b"old", "the old file")
        check_equal(machine.qmp("query-status")["status"], "running", "the guest")
    machine.dump(path, begin=0, length=MIB)  # a part that fits
    machine.quit()


@case
def a_fifo_that_is_read_gets_the_dump(lab):
    machine = lab.vm("-accel", "synthetic", "-m", "16M")
    os.mkfifo(lab.path("fifo"))
    got = []
    reader = threading.Thread(target=lambda: got.append(open(lab.path("fifo"), "rb").read()))
    reader.start()
    while not got:
        try:
            machine.dump(lab.path("fifo"), fmt="kdump-zlib")
            break
        except QmpError as error:  # until the reader has opened it
            check("No such device or address" in error.desc, "it said: %s", error.desc)
    reader.join(20)
    with open(lab.path("vmcore"), "wb") as out:
        out.write(got[0])
    lab.run(program("guestdump"), "verify", lab.path("vmcore"))
    check(stat.S_ISFIFO(os.stat(lab.path("fifo")).st_mode), "the FIFO is gone")
    machine.quit()


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
    # Another user's file, in a folder like /tmp.
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


run_cases()
