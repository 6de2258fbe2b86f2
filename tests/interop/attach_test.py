#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump on a real QEMU, by our own engine: the same memory and registers as QEMU's own dump, of one moment.

GUESTDUMP_QEMU=/path/to/qemu-system-x86_64 tests with another QEMU than the installed one."""
import contextlib
import json
import os
import re
import subprocess

from lab import Skip, case, check, check_equal, kvm_works, need, program, run_cases
from lab.dump_command import REPORT, guest_status, guestdump, wait_for
from lab.live_linux import boot, check_readers
from lab.round_guest import check_one_moment, check_runs_on, hang_up, memory, round_guest
from qmp import Qmp
from vmcore import Elf, difference

MIB = 1 << 20
MOMENTS = int(os.environ.get("ATTACH_MOMENTS", "10"))
FORMATS = ["elf"] + ["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")] + ["vbox-core"]


@contextlib.contextmanager
def huge_pages(count):
    """That many more huge pages of 2 MiB, if the host has them to give."""
    knob = "/proc/sys/vm/nr_hugepages"
    before = int(open(knob).read())
    try:
        with open(knob, "w") as out:
            out.write(str(before + count))
    except OSError as error:
        raise Skip("no huge pages: %s" % error) from error
    try:
        if int(open(knob).read()) < before + count:
            raise Skip("the host has no %d huge pages to give" % count)
        yield
    finally:
        with open(knob, "w") as out:
            out.write(str(before))


def frozen_dumps(lab, qemu, *options):
    """Our dump of a guest, and QEMU's own dump of the same moment."""
    qemu.qmp("stop")
    hang_up(qemu)
    said = guestdump(lab, qemu, "dump", *options, lab.path("ours"))
    check(REPORT.search(said) and "writes the dump itself" not in said, "it says: %s", said)
    check_equal(guest_status(lab, qemu), "paused", "status after our dump")
    qemu.dump(lab.path("qemus"))
    qemu.qmp("cont")
    hang_up(qemu)
    return Elf(lab.path("ours")), Elf(lab.path("qemus"))


def check_equals_qemus(lab, qemu, *options):
    ours, qemus = frozen_dumps(lab, qemu, *options)
    check_equal(difference(ours, qemus), None, "difference from QEMU's dump")
    check_equal(ours.note_bytes, qemus.note_bytes, "notes")
    check_runs_on(qemu)


@case
def anonymous_memory_is_the_same_as_in_qemus_dump(lab):
    check_equals_qemus(lab, round_guest(lab, "-smp", "2"))


@case
def a_memfd_is_the_same_as_in_qemus_dump(lab):
    check_equals_qemus(lab, round_guest(lab, *memory("memfd", 128), machine="pc,memory-backend=m"))


@case
def a_shared_file_is_the_same_as_in_qemus_dump(lab):
    options = memory("file", 128, lab.path("ram"), ",share=on")
    check_equals_qemus(lab, round_guest(lab, *options, machine="q35,memory-backend=m"))


@case
def a_private_file_is_the_same_as_in_qemus_dump(lab):
    # What the guest has not written is the file's: partly data, partly holes.
    with open(lab.path("ram"), "wb") as out:
        out.truncate(192 * MIB)
        for place in (90 * MIB, 130 * MIB, 130 * MIB + 8192, 191 * MIB):
            out.seek(place)
            out.write(os.urandom(5000))
    options = memory("file", 192, lab.path("ram"), ",share=off")
    qemu = round_guest(lab, *options, machine="q35,memory-backend=m", memory=192)
    check_equals_qemus(lab, qemu)
    check(Elf(lab.path("ours")).read(191 * MIB, 5000) != bytes(5000), "the file's contents are not there")


@case
def shared_anonymous_memory_is_the_same_as_in_qemus_dump(lab):
    check_equals_qemus(lab, round_guest(lab, *memory("ram", 128, more=",share=on"), machine="q35,memory-backend=m"))


@case
def huge_pages_are_the_same_as_in_qemus_dump(lab):
    for share in ("on", "off"):
        with huge_pages(64):
            options = memory("memfd", 128, more=",hugetlb=on,hugetlbsize=2M,share=" + share)
            qemu = round_guest(lab, *options, machine="q35,memory-backend=m")
            check_equals_qemus(lab, qemu)
            qemu.kill()


@case
def memory_on_both_sides_of_4_gib_a_dimm_and_video_memory_are_the_same_as_in_qemus_dump(lab):
    for machine in ("pc", "q35"):
        linux = boot(lab, "-vga", "std", "-object", "memory-backend-ram,id=d,size=64M", "-device", "pc-dimm,memdev=d",
                     machine=machine + ",vmport=off,max-ram-below-4g=128M", memory="256M,slots=2,maxmem=1G")
        ours, qemus = frozen_dumps(lab, linux)
        check_equal(difference(ours, qemus), None, "difference from QEMU's dump")
        check_equal(ours.note_bytes, qemus.note_bytes, "notes")
        ranges = ours.ranges()
        check(sum(size for _, size in ranges) > (256 + 64 + 16 - 1) * MIB, "no video memory or no DIMM: %s", ranges)
        check(any(start >= 4 << 30 for start, _ in ranges), "no memory above 4 GiB: %s", ranges)
        linux.kill()


@case
def a_running_guest_is_dumped_at_one_moment(lab):
    qemu = round_guest(lab)
    last = 0
    for _ in range(MOMENTS):
        said = guestdump(lab, qemu, "dump", lab.path("core"))
        check(float(REPORT.search(said).group(3)) <= float(REPORT.search(said).group(2)), "it says: %s", said)
        newest = check_one_moment(Elf(lab.path("core")))
        check(newest > last, "the guest did not run in between")
        last = newest
        os.unlink(lab.path("core"))
    check_runs_on(qemu)


@case
def a_guest_on_kvm_is_dumped_at_one_moment(lab):
    if not kvm_works():
        raise Skip("KVM does not work here")
    qemu = round_guest(lab, accel="kvm")
    for _ in range(MOMENTS):
        guestdump(lab, qemu, "dump", lab.path("core"))
        check_one_moment(Elf(lab.path("core")))
    check_equals_qemus(lab, qemu)


@case
def every_format_opens_in_the_tools_that_read_it(lab):
    linux = boot(lab, "-vga", "std", machine="q35,vmport=off,max-ram-below-4g=128M")
    for form in FORMATS:
        said = guestdump(lab, linux, "dump", "--format", form, lab.path("core"))
        check("guest stopped for" in said, "it says: %s", said)
        check("good" in lab.run(program("guestdump"), "verify", lab.path("core")), "verify finds faults")
        check_readers(lab, lab.path("core"), form)
    check_equal(guest_status(lab, linux), "running", "status")


@case
def options_do_what_they_do_on_our_own_machine(lab):
    qemu = round_guest(lab)
    qemu.qmp("stop")
    hang_up(qemu)
    run = program("guestdump")
    guestdump(lab, qemu, "dump", lab.path("whole"))
    for options in (["--paging"], ["--begin", "0x1000000", "--length", "0x800000"], ["--format", "kdump-raw-zstd", "--level", "6"],
                    ["--format", "kdump-zlib", "--threads", "1", "--no-share-pages"]):
        guestdump(lab, qemu, "dump", *options, lab.path("live"))
        lab.run(run, "convert", *options, lab.path("whole"), lab.path("converted"))
        lab.run("cmp", lab.path("live"), lab.path("converted"))
    with open(lab.path("piped"), "wb") as out:
        subprocess.run([run, "dump", "--qmp", qemu.socket_path, "-"], stdout=out, stderr=subprocess.DEVNULL, check=True)
    check_equal(difference(Elf(lab.path("piped")), Elf(lab.path("whole"))), None, "difference of what went through stdout")
    check("kdump-compressed format" in guestdump(lab, qemu, "dump", "--format", "kdump-zlib", "--paging", lab.path("no"), status=2),
          "impossible options are no error")
    estimate = guestdump(lab, qemu, "dump", "--estimate", "--format", "kdump-raw-zlib")
    low, high = (int(re.search(word + r":.*\((\d+) bytes", estimate).group(1)) for word in ("at least", "at most"))
    guestdump(lab, qemu, "dump", "--format", "kdump-raw-zlib", lab.path("estimated"))
    size = os.stat(lab.path("estimated")).st_blocks * 512
    check(low * 0.9 <= size <= high * 1.1, "%d bytes, estimated %d to %d", size, low, high)


@case
def by_machine_has_qemu_write_it(lab):
    qemu = round_guest(lab)
    said = guestdump(lab, qemu, "dump", "--by-machine", lab.path("core"))
    check("guest stopped" not in said, "it says: %s", said)
    check_equal(Elf(lab.path("core")).phoff, 64 + 2 * 64, "offset of QEMU's program headers")
    check_one_moment(Elf(lab.path("core")))
    check_runs_on(qemu)


@case
def info_tells_of_a_running_machine_what_it_tells_of_its_dump(lab):
    linux = boot(lab)
    live = json.loads(guestdump(lab, linux, "info", "--json"))
    guestdump(lab, linux, "dump", lab.path("core"))
    file = json.loads(lab.run(program("guestdump"), "info", "--json", lab.path("core")))
    check_equal((live["format"], live["filename"]), ("machine", linux.socket_path), "format and name")
    for member in ("machine", "memory", "ranges", "kernel", "vmcoreinfo"):
        check_equal(live[member], file[member], member)
    check_equal(len(live["cpus"]), len(file["cpus"]), "vCPUs")
    check("a running machine, x86_64" in guestdump(lab, linux, "info"), "the text does not tell what it is")
    check_equal(guest_status(lab, linux), "running", "status")
    said = lab.run(program("guestdump"), "info", "--qmp", linux.socket_path, lab.path("core"), status=2)
    check("one of them is enough" in said, "a file and a machine: %s", said)


@case
def info_tells_of_our_own_machine_too(lab):
    machine = lab.vm("-m", "64M", "-smp", "2", "-accel", "synthetic")
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    live = json.loads(guestdump(lab, machine, "info", "--json"))
    check_equal((live["format"], live["memory"] // MIB, len(live["cpus"])), ("machine", 64, 2), "what it tells")
    check_equal(guest_status(lab, machine), "running", "status")


@case
def info_holds_the_guest_for_milliseconds(lab):
    events_path = lab.path("qmp-events")
    qemu = round_guest(lab, "-qmp", "unix:%s,server=on,wait=off" % events_path)
    with Qmp(events_path) as events:  # every monitor gets them
        times = []
        for _ in range(5):
            guestdump(lab, qemu, "info", "--no-find-vmcoreinfo")
            stop, resume = (events.wait_event(name)["timestamp"] for name in ("STOP", "RESUME"))
            times.append(resume["seconds"] - stop["seconds"] + (resume["microseconds"] - stop["microseconds"]) / 1e6)
    check(sorted(times)[2] < 0.2, "the guest stood still for %s s", times)


@case
def what_linux_does_is_told_while_it_runs(lab):
    events_path = lab.path("qmp-events")
    linux = boot(lab, "-qmp", "unix:%s,server=on,wait=off" % events_path)
    held = {}
    with Qmp(events_path) as events:
        def ask(*words, wait=True):
            said = guestdump(lab, linux, *words, *([] if words[0] == "info" else ["--time-limit", "60"]))
            stop, resume = (events.wait_event(name)["timestamp"] for name in ("STOP", "RESUME"))
            held.setdefault(words[0], []).append(
                resume["seconds"] - stop["seconds"] + (resume["microseconds"] - stop["microseconds"]) / 1e6)
            return said

        report = json.loads(ask("report", "--json"))
        check_equal((report["condition"], len(report["cpus"]), report["warnings"]), ("running", 2, []), "report")
        check("command:     console=ttyS0" in ask("report"), "the report has no command line")
        tasks = json.loads(ask("ps", "--json"))["tasks"]
        check_equal([task["name"] for task in tasks[:2]], ["init", "kthreadd"], "the first tasks")
        check("WAITS IN" in ask("ps", "--tree"), "ps has no heading")
        check("Linux version" in ask("log"), "no messages")
        stacks = json.loads(ask("bt", "--json", "--all"))["stacks"]
        check_equal({entry["stack"]["method"] for entry in stacks}, {"orc"}, "how stacks were found")
        check("kthreadd+" in ask("bt", "2"), "no stack of kthreadd")
        check("guest:       running" in ask("info"), "info does not tell what the kernel does")
    print("# the guest was held for at most", ", ".join("%.0f ms (%s)" % (1000 * max(times), name) for name, times in held.items()))
    # tests/bench/look_bench.py has the bound: a machine that runs other tests too may not give guestdump a processor for a while.
    check_equal(guest_status(lab, linux), "running", "status")


def usual_memory(qemu):
    with open("/proc/%d/status" % qemu.process.pid) as status:
        return sum(int(line.split()[1]) for line in status if line.startswith("Rss")) * 1024


@case
def memory_that_was_never_touched_stays_so(lab):
    for options, machine in ((["-m", "2G"], "q35"), (["-m", "2G", *memory("memfd", 2048)], "q35,memory-backend=m"),
                             (["-m", "2G", *memory("file", 2048, lab.path("ram"), ",share=off")], "q35,memory-backend=m")):
        if "ram" in " ".join(options):
            with open(lab.path("ram"), "wb") as out:
                out.truncate(2048 * MIB)
        qemu = round_guest(lab, *options[2:], machine=machine, memory=2048)
        guestdump(lab, qemu, "dump", "--format", "kdump-zlib", lab.path("warm"))  # QEMU's own buffers
        before = usual_memory(qemu)
        for form in ("elf", "kdump-zlib"):
            guestdump(lab, qemu, "dump", "--format", form, lab.path("core"))
        guestdump(lab, qemu, "info")
        after = usual_memory(qemu)
        check(abs(after - before) <= before * 0.01, "QEMU had %d bytes of memory, and has %d (%s)", before, after, machine)
        qemu.kill()


need("cmp")
run_cases()
