#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump --live on a real QEMU: of one moment, while the guest runs on, and a guest that runs on whatever happens.

GUESTDUMP_QEMU=/path/to/qemu-system-x86_64 tests with another QEMU than the installed one. LIVE_DUMPS is the number of dumps that
are compared with the registers, LIVE_KILLS how often guestdump is killed."""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import Skip, case, check, check_equal, need, program, run_cases  # noqa: E402  (found through the line above)
from lab.dump_command import files, guest_status, guestdump, wait_for  # noqa: E402
from lab.live_linux import boot, check_readers  # noqa: E402
from lab.round_guest import check_one_moment, check_runs_on, hang_up, round_guest  # noqa: E402
from qmp import Qmp  # noqa: E402
from vmcore import Elf, difference  # noqa: E402

DUMPS = int(os.environ.get("LIVE_DUMPS", "4"))
KILLS = int(os.environ.get("LIVE_KILLS", "6"))
LIVE = "--live=force"
STOPPED = re.compile(r"guest stopped for ([0-9.]+) s$", re.M)


def need_userfaultfd():
    if os.geteuid() != 0 and open("/proc/sys/vm/unprivileged_userfaultfd").read().strip() == "0":
        raise Skip("QEMU needs root for userfaultfd here")


def old(qemu):
    """Whether the QEMU hangs its guest if a stream breaks."""
    version = qemu.qmp("query-version")["qemu"]["major"]
    hang_up(qemu)
    return version < 9


def drainers():
    """Processes that go on with a dump whose guestdump has ended."""
    found = subprocess.run(["ps", "-eo", "stat=,comm="], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if "guestdump-drain" in line and not line.startswith("Z")]


def check_as_before(qemu):
    """Fails unless the guest runs, and QEMU has nothing left of the dump."""
    check_runs_on(qemu)
    on = [one["capability"] for one in qemu.qmp("query-migrate-capabilities") if one["state"]]
    hang_up(qemu)
    check_equal(on, [], "migration capabilities that are on")
    wait_for(lambda: not drainers(), "the end of the drainer")


def start_live(lab, qemu, *words, **more):
    child = subprocess.Popen([program("guestdump"), "dump", "--qmp", qemu.socket_path, LIVE, *words, lab.path("core")],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
                             **more)
    lab.children.append(child)
    return child


def with_second_monitor(lab, *options):
    path = lab.path("qmp-second")
    return round_guest(lab, *options, "-qmp", "unix:%s,server=on,wait=off" % path), path


@case
def a_running_guest_is_dumped_at_one_moment(lab):
    need_userfaultfd()
    qemu, second = with_second_monitor(lab)
    last = 0
    with Qmp(second) as events:  # every monitor gets them
        for _ in range(DUMPS):
            said = guestdump(lab, qemu, "dump", LIVE, lab.path("core"))
            newest = check_one_moment(Elf(lab.path("core")))
            check(newest > last, "the guest did not run in between")
            last = newest
            stop, resume = (events.wait_event(name)["timestamp"] for name in ("STOP", "RESUME"))
            microseconds = (resume["seconds"] - stop["seconds"]) * 1000000 + resume["microseconds"] - stop["microseconds"]
            live = json.loads(lab.run(program("guestdump"), "info", "--json", lab.path("core")))["live"]
            check_equal(live["stop-time"], microseconds, "microseconds that the note has")
            check_equal(STOPPED.search(said).group(1), "%.*f" % (3 if microseconds < 100000 else 2, microseconds / 1e6), "what it says of the stop")
            check_equal(files(lab), ["core"], "files")
            os.unlink(lab.path("core"))
    check_as_before(qemu)


@case
def every_option_works_with_live(lab):
    need_userfaultfd()
    qemu = round_guest(lab)
    for options in (["--paging"], ["--begin", "0x1000000", "--length", "0x800000"], ["--format", "kdump-zlib", "--threads", "1"],
                    ["--format", "kdump-raw-zstd", "--level", "6"]):
        guestdump(lab, qemu, "dump", LIVE, *options, lab.path("core"))
        check("good" in lab.run(program("guestdump"), "verify", lab.path("core")), "%s: verify finds faults", options)
        lab.run(program("guestdump"), "convert", lab.path("core"), lab.path("elf"))
        if "--begin" not in options:
            check_one_moment(Elf(lab.path("elf")))
    with open(lab.path("piped"), "wb") as out:
        subprocess.run([program("guestdump"), "dump", "--qmp", qemu.socket_path, LIVE, "-"], stdout=out, stderr=subprocess.DEVNULL,
                       check=True)
    check_one_moment(Elf(lab.path("piped")))
    check_as_before(qemu)


@case
def a_live_dump_of_linux_opens_in_the_tools_that_read_dumps(lab):
    need_userfaultfd()
    linux = boot(lab, "-vga", "std", "-object", "memory-backend-ram,id=d,size=64M", "-device", "pc-dimm,memdev=d",
                 machine="q35,vmport=off,max-ram-below-4g=128M", memory="256M,slots=2,maxmem=1G")
    guestdump(lab, linux, "dump", lab.path("stopped"))
    wanted = Elf(lab.path("stopped")).ranges()
    for form in ("elf", "kdump-raw-zlib"):
        guestdump(lab, linux, "dump", LIVE, "--format", form, lab.path("core"))
        check_readers(lab, lab.path("core"), form)
        if form == "elf":
            check_equal(Elf(lab.path("core")).ranges(), wanted, "addresses of memory")
    check_equal(guest_status(lab, linux), "running", "status")


@case
def a_killed_guestdump_leaves_a_running_guest_and_no_file(lab):
    need_userfaultfd()
    qemu = round_guest(lab)
    dice = random.Random(20)
    for _ in range(KILLS):
        child = start_live(lab, qemu)
        time.sleep(dice.uniform(0, 1.5))
        child.kill()
        child.communicate()
        check_as_before(qemu)
        if os.path.exists(lab.path("core")):  # it was over already
            os.unlink(lab.path("core"))
        check_equal(files(lab), [], "files")
    guestdump(lab, qemu, "dump", LIVE, lab.path("core"))
    check_one_moment(Elf(lab.path("core")))


@case
def ctrl_c_cancels_at_any_moment(lab):
    need_userfaultfd()
    qemu = round_guest(lab)
    for delay in (0.1, 0.4, 0.8):
        child = start_live(lab, qemu)
        time.sleep(delay)
        child.send_signal(signal.SIGINT)
        said = child.communicate()[1].decode()
        check(child.returncode in (130, -signal.SIGINT, 0), "status %d: %s", child.returncode, said)
        check_equal(files(lab), ["core"] if child.returncode == 0 else [], "files")
        check_as_before(qemu)


@case
def a_full_disk_is_an_error_and_the_guest_runs_on(lab):
    need_userfaultfd()
    if os.geteuid() != 0:
        raise Skip("mounting needs root")
    qemu = round_guest(lab)
    os.mkdir(lab.path("qmp-small"))
    lab.run("mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", lab.path("qmp-small"))
    try:
        small, usual = dict(os.environ, TMPDIR=lab.path("qmp-small")), dict(os.environ, TMPDIR=lab.path(""))
        for environment, path in ((small, lab.path("core")), (usual, lab.path("qmp-small/core"))):
            said = lab.run(program("guestdump"), "dump", "--qmp", qemu.socket_path, LIVE, path, status=2, env=environment)
            check("No space left on device" in said, "%s: %s", path, said)
            check_equal(files(lab) + os.listdir(lab.path("qmp-small")), [], "files")
            check_as_before(qemu)
    finally:
        lab.run("umount", lab.path("qmp-small"))


@case
def a_snapshot_that_somebody_else_cancels_is_an_error_and_the_guest_runs_on(lab):
    need_userfaultfd()
    qemu, second = with_second_monitor(lab)
    for delay in (0.2, 0.6):
        child = start_live(lab, qemu)
        time.sleep(delay)
        with Qmp(second) as monitor:
            monitor("migrate_cancel")
        said = child.communicate()[1].decode()
        if child.returncode != 0:  # it may not have begun, or be over
            check("background snapshot has failed: cancelled" in said, "it says: %s", said)
        check_as_before(qemu)
    # QEMU 7.2 alone makes no second snapshot once one has broken.
    if os.path.exists(lab.path("core")):
        os.unlink(lab.path("core"))
    guestdump(lab, qemu, "dump", LIVE, lab.path("core"))
    check_one_moment(Elf(lab.path("core")))


@case
def a_qemu_that_dies_is_an_error_and_leaves_no_file(lab):
    need_userfaultfd()
    statuses = []
    for delay in (0, 0.05, 0.2, 0, 0, 0):
        qemu, second = with_second_monitor(lab)
        with Qmp(second) as events:
            child = start_live(lab, qemu)
            events.wait_event("STOP")
            time.sleep(delay)
            qemu.kill()
        said = child.communicate()[1].decode()
        statuses.append(child.returncode)
        check(child.returncode in (0, 2), "status %d: %s", child.returncode, said)
        check_equal(files(lab), ["core"] if child.returncode == 0 else [], "files")
        if child.returncode == 0:  # QEMU had sent all of it
            check_one_moment(Elf(lab.path("core")))
            os.unlink(lab.path("core"))
        wait_for(lambda: not drainers(), "the end of the drainer")
        if len(statuses) >= 3 and 2 in statuses:
            return
    check(False, "no dump of %d failed", len(statuses))


@case
def a_second_dump_at_one_time_is_refused(lab):
    need_userfaultfd()
    qemu, second = with_second_monitor(lab)
    child = start_live(lab, qemu)
    with Qmp(second) as events:
        events.wait_event("STOP")
    said = lab.run(program("guestdump"), "dump", "--qmp", second, LIVE, lab.path("other"), status=2)
    check("a migration of the guest is under way" in said, "it says: %s", said)
    child.communicate()
    check_equal(child.returncode, 0, "status of the first one")
    check_one_moment(Elf(lab.path("core")))
    check_as_before(qemu)


@case
def a_guest_that_stands_still_is_dumped_as_it_is(lab):
    qemu = round_guest(lab)
    qemu.qmp("stop")
    hang_up(qemu)
    said = guestdump(lab, qemu, "dump", LIVE, lab.path("core"))
    check("the guest stands still: it is dumped as it is" in said, "it says: %s", said)
    check_equal(guest_status(lab, qemu), "paused", "status")
    qemu.dump(lab.path("qemus"))
    hang_up(qemu)
    check_equal(difference(Elf(lab.path("core")), Elf(lab.path("qemus"))), None, "difference from QEMU's dump")


def check_refused(lab, qemu, reason, *words):
    """Without the fallback nothing is dumped; with it the guest is stopped."""
    said = guestdump(lab, qemu, "dump", *words, lab.path("core"), status=2)
    check(reason in said and "--live-fallback stops the guest" in said, "it says: %s", said)
    check_equal(files(lab), [], "files")
    said = guestdump(lab, qemu, "dump", *words, "--live-fallback", lab.path("core"))
    check("warning: the guest is stopped for its dump: " in said and reason in said, "with the fallback: %s", said)
    check("live" not in json.loads(lab.run(program("guestdump"), "info", "--json", lab.path("core"))), "the note says live")
    check_one_moment(Elf(lab.path("core")))
    os.unlink(lab.path("core"))


@case
def what_cannot_be_dumped_live_is_refused_with_the_reason(lab):
    need_userfaultfd()
    qemu = round_guest(lab)
    if old(qemu):
        check_refused(lab, qemu, "can hang its guest if a live dump breaks off", "--live")
    else:
        guestdump(lab, qemu, "dump", "--live", lab.path("core"))
        check_one_moment(Elf(lab.path("core")))
        os.unlink(lab.path("core"))
    for capability, reason in (("x-ignore-shared", "QEMU then leaves shared memory out"),
                               ("xbzrle", "Background-snapshot is not compatible with")):
        qemu.qmp("migrate-set-capabilities", capabilities=[{"capability": capability, "state": True}])
        hang_up(qemu)
        check_refused(lab, qemu, reason, LIVE)
        qemu.qmp("migrate-set-capabilities", capabilities=[{"capability": capability, "state": False}])
        hang_up(qemu)
    said = guestdump(lab, qemu, "dump", "--live=yes", lab.path("core"), status=2)
    check("--live takes no value but 'force', not 'yes'" in said, "another value: %s", said)
    for option in ("--by-machine", "--live-memory=4096"):
        guestdump(lab, qemu, "dump", LIVE, option, lab.path("core"), status=2)
    check_as_before(qemu)
    qemu.kill()
    pinned = round_guest(lab, "-drive", "if=none,id=n,file=null-co://,format=raw", "-device", "nvme,drive=n,serial=1")
    check_refused(lab, pinned, "nvme", LIVE)
    check_as_before(pinned)


@case
def memory_on_a_disk_is_refused_with_qemus_reason(lab):
    need_userfaultfd()
    lab.need_disk()
    qemu = round_guest(lab, "-object", "memory-backend-file,id=m,size=128M,mem-path=%s,share=on" % lab.path("ram"),
                       machine="q35,memory-backend=m")
    check_refused(lab, qemu, "Background-snapshot is not compatible with guest memory configuration", LIVE)
    check_as_before(qemu)


need("ps")
run_cases()
