#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest runs on whatever happens to guestdump, to its target, or to QEMU during a dump.

ATTACH_KILLS is how often guestdump is killed."""
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import Skip, case, check, check_equal, program, run_cases  # noqa: E402
from lab.dump_command import REPORT, SLOW, files, fill, guestdump, start_dump  # noqa: E402
from lab.round_guest import check_runs_on, memory, round_guest  # noqa: E402

MIB = 1 << 20
KILLS = int(os.environ.get("ATTACH_KILLS", "30"))


@case
def a_killed_guestdump_leaves_a_running_guest_and_no_file(lab):
    qemu = round_guest(lab)
    dice, finished = random.Random(18), 0
    guestdump(lab, qemu, "dump", "--format", "kdump-zlib", lab.path("core"))
    whole = float(REPORT.search(guestdump(lab, qemu, "dump", "--format", "kdump-zlib", lab.path("core"))).group(2))
    os.unlink(lab.path("core"))
    for _ in range(KILLS):
        child = start_dump(lab, qemu, "--format", "kdump-zlib", lab.path("core"))
        time.sleep(dice.uniform(0, whole * 1.2))
        child.kill()
        child.communicate()
        check_runs_on(qemu)
        if os.path.exists(lab.path("core")):
            finished += 1
            lab.run(program("guestdump"), "verify", lab.path("core"))
            os.unlink(lab.path("core"))
        check_equal(files(lab), [], "files")
    check(finished < KILLS * 0.7, "%d of %d dumps were over before they were killed", finished, KILLS)


def slow_guest(lab):
    """A guest that goes round, and whose dump with SLOW takes seconds."""
    if not os.path.exists(lab.path("ram")):
        fill(lab, "ram", 128 * MIB)
    options = memory("file", 128, lab.path("ram"), ",share=on")
    return round_guest(lab, *options, machine="q35,memory-backend=m")


@case
def ctrl_c_cancels_at_any_moment(lab):
    qemu = slow_guest(lab)
    dice = random.Random(19)
    for _ in range(KILLS // 3):
        child = start_dump(lab, qemu, *SLOW, lab.path("core"))
        time.sleep(dice.uniform(0.05, 1))
        child.send_signal(signal.SIGINT)
        said = child.communicate()[1].decode()
        check(child.returncode in (130, -signal.SIGINT), "status %d: %s", child.returncode, said)
        check_equal(files(lab), [], "files")
        check_runs_on(qemu)


@case
def a_full_target_is_an_error_and_the_guest_runs_on(lab):
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    qemu = slow_guest(lab)
    os.mkdir(lab.path("qmp-small"))
    lab.run("mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", lab.path("qmp-small"))
    try:
        for form in ("elf", "kdump-zlib", "kdump-raw-zlib"):
            said = guestdump(lab, qemu, "dump", "--format", form, lab.path("qmp-small/core"), status=2)
            check("No space left on device" in said, "%s: %s", form, said)
            check_equal(os.listdir(lab.path("qmp-small")), [], "files")
            check_runs_on(qemu)
    finally:
        lab.run("umount", lab.path("qmp-small"))
    said = guestdump(lab, qemu, "dump", "/dev/full", status=2)
    check("of '/dev/full': No space left on device" in said, "it says: %s", said)
    check_runs_on(qemu)


@case
def a_qemu_that_dies_is_an_error_and_leaves_no_file(lab):
    for delay in (0.02, 0.1, 0.3, 0.6):
        qemu = slow_guest(lab)
        child = start_dump(lab, qemu, *SLOW, lab.path("core"))
        time.sleep(delay)
        qemu.kill()
        said = child.communicate()[1].decode()
        check_equal(child.returncode, 2, "status; it says: %s" % said)
        check("has ended" in said or "closed the connection" in said or "ended its dump" in said or "No such process" in said
              or "connect" in said or "reset" in said, "it says: %s", said)
        check_equal(files(lab), [], "files")


run_cases()
