#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that accept more than they can store, such as thin devices: no dump to them succeeds; an older file stays."""
import contextlib
import os
import subprocess

from lab import Skip, case, check, check_equal, need, run_cases
from lab.dump_command import fill, guestdump, wait_for
from qmp import QmpError


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
    """A block device that accepts more than the disk below it can store; only a sync reports that."""
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


@contextlib.contextmanager
def overfull_disk(lab):
    """A machine, and a folder that accepts more than the disk below it can store."""
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
    try:  # without holes, so that metadata does not fail too
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


run_cases()
