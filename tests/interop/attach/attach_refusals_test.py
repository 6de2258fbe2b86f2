#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may dump the guest of a QEMU, and what is refused, with the reason."""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import Skip, case, check, check_equal, need, program, run_cases  # noqa: E402
from lab.dump_command import REPORT, files, guestdump, wait_for  # noqa: E402
from lab.round_guest import check_one_moment, check_runs_on, hang_up, memory, round_guest  # noqa: E402
from vmcore import Elf  # noqa: E402

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def need_another_user(lab):
    need("setpriv")
    if os.geteuid() != 0:
        raise Skip("becoming another user needs root")
    os.chmod(lab.folder, 0o777)


def as_nobody(lab, qemu, *words, status=0):
    copy = "/tmp/guestdump-of-nobody.%d" % os.getpid()  # the build may lie where only root looks
    shutil.copy(program("guestdump"), copy)
    try:
        return lab.run(*NOBODY, copy, *words, "--qmp", qemu.socket_path, status=status)
    finally:
        os.unlink(copy)


@case
def a_user_dumps_the_guests_of_its_own(lab):
    need_another_user(lab)
    start = lab.machine
    lab.machine = lambda *command, **more: start(*NOBODY, *command, **more)
    for kind in ("anonymous", "memfd", "ram"):
        options = [] if kind == "anonymous" else memory(kind, 128, more=",share=on")
        qemu = round_guest(lab, *options, machine="q35" if kind == "anonymous" else "q35,memory-backend=m")
        said = as_nobody(lab, qemu, "dump", lab.path("core"))
        check(REPORT.search(said) and "writes the dump itself" not in said, "it says: %s", said)
        check_one_moment(Elf(lab.path("core")))
        qemu.kill()


@case
def without_rights_to_its_memory_qemu_writes_the_dump(lab):
    need_another_user(lab)
    qemu = round_guest(lab)
    os.chmod(qemu.socket_path, 0o777)
    said = as_nobody(lab, qemu, "dump", lab.path("core"))
    reason = "cannot read process %d: Operation not permitted; QEMU writes the dump itself" % qemu.process.pid
    check(reason in said.splitlines(), "it says: %s", said)
    check_one_moment(Elf(lab.path("core")))
    said = as_nobody(lab, qemu, "dump", "-d", "31", lab.path("filtered"), status=2)
    check("QEMU's own dump has no --exclude or -d; guestdump must read the guest's memory" in said, "it says: %s", said)
    said = as_nobody(lab, qemu, "info", status=2)
    check("cannot read process %d: Operation not permitted" % qemu.process.pid in said, "info says: %s", said)
    check_runs_on(qemu)


@case
def a_qemu_of_another_architecture_writes_the_dump(lab):
    need("qemu-system-aarch64")
    qemu = lab.machine("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "32", "-S", "-nodefaults", "-display", "none")
    wait_for(lambda: os.path.exists(qemu.socket_path), "QEMU's monitor")
    said = guestdump(lab, qemu, "dump", "--threads", "2", lab.path("core"))
    check("a guest of aarch64 cannot be read, only x86; QEMU writes the dump itself" in said.splitlines(), "it says: %s", said)
    check_equal(Elf(lab.path("core")).machine, 183, "e_machine of QEMU's file")
    said = guestdump(lab, qemu, "report", status=2)
    check("a guest of aarch64 cannot be read, only x86" in said, "report says: %s", said)


@case
def what_cannot_be_dumped_is_refused_by_name(lab):
    qemu = round_guest(lab)
    qemu.qmp("query-status")  # and stays connected
    said = guestdump(lab, qemu, "dump", "--timeout=0.5", lab.path("core"), status=2)
    check("0.5 s of waiting for the greeting; another client may hold this monitor" in said, "another client: %s", said)
    qemu.qmp("migrate", uri="exec:sleep 60")  # which reads nothing
    hang_up(qemu)
    said = guestdump(lab, qemu, "dump", lab.path("core"), status=2)
    check("a migration of the guest is under way" in said, "migration: %s", said)
    qemu.qmp("migrate_cancel")
    hang_up(qemu)
    check_runs_on(qemu)
    coming = lab.qemu("-m", "16M", "-incoming", "defer")
    wait_for(lambda: os.path.exists(coming.socket_path), "QEMU's monitor")
    said = guestdump(lab, coming, "dump", lab.path("core"), status=2)
    check("still being received (inmigrate)" in said, "incoming: %s", said)
    qemu.kill()
    said = guestdump(lab, qemu, "dump", lab.path("core"), status=2)
    check("Failed to connect" in said, "a dead QEMU: %s", said)
    check_equal(files(lab), [], "files")


@case
def a_second_dump_at_one_time_is_refused(lab):
    qemu = round_guest(lab)
    reader, writer = os.pipe()
    qemu.qmp("getfd", fds=[writer], fdname="other")
    os.close(writer)
    qemu.qmp("dump-guest-memory", paging=False, protocol="fd:other", detach=True)
    hang_up(qemu)
    said = guestdump(lab, qemu, "dump", lab.path("core"), status=2)
    check("There is a dump in process, please wait." in said, "it says: %s", said)
    os.close(reader)
    check_runs_on(qemu)
    check_equal(files(lab), [], "files")


run_cases()
