#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration streams of a real QEMU, read as vmcores: the memory and the notes of QEMU's own dump of the same stopped guest.

GUESTDUMP_QEMU=/path/to/qemu-system-x86_64 tests with another QEMU than the installed one."""
import json
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import Skip, case, check, check_equal, need, program, run_cases  # noqa: E402
from lab.live_linux import RELEASE, boot, check_readers  # noqa: E402
from lab.round_guest import check_one_moment, round_guest  # noqa: E402
from vmcore import Elf, difference  # noqa: E402

MIB, GIB = 1 << 20, 1 << 30


def firmware_guest(lab, machine, memory, *options):
    """A guest in its firmware, which has set up the chipset and found nothing to boot."""
    console = lab.path("firmware%d" % len(lab.children))
    qemu = lab.qemu("-machine", machine + ",vmport=off", "-m", memory, "-device", "isa-debugcon,iobase=0x402,chardev=c",
                    "-chardev", "file,id=c,path=" + console, *options)
    end = time.monotonic() + 60
    while not os.path.exists(console) or "No bootable device" not in open(console, errors="replace").read():
        check(time.monotonic() < end, "the firmware has not come up: %s", qemu.said())
        time.sleep(0.05)
    return qemu


def migrate(qemu, uri):
    """Writes the stream of a stopped guest, which stays stopped."""
    qemu.qmp("migrate", uri=uri)
    end = time.monotonic() + 60
    while (status := qemu.qmp("query-migrate"))["status"] not in ("completed", "failed"):
        check(time.monotonic() < end, "the migration goes on for a minute")
        time.sleep(0.02)
    check_equal(status["status"], "completed", "migration")


def saved(lab, qemu, path="stream"):
    """A stopped guest's stream, and QEMU's dump of it."""
    qemu.qmp("stop")
    qemu.dump(lab.path(path + ".ref"))
    migrate(qemu, "exec:cat > " + lab.path(path))
    return lab.path(path), lab.path(path + ".ref")


def guestdump(lab, *words, **more):
    return lab.run(program("guestdump"), *words, **more)


def check_equals(lab, stream, reference):
    guestdump(lab, "convert", "--quiet", stream, stream + ".elf")
    ours, qemus = Elf(stream + ".elf"), Elf(reference)
    check_equal(difference(ours, qemus), None, "difference from QEMU's dump")
    check_equal(ours.note_bytes, qemus.note_bytes, "notes")
    return ours


def check_same(lab, qemu):
    stream, reference = saved(lab, qemu)
    return check_equals(lab, stream, reference)


@case
def a_linux_guest_of_pc_is_the_same_as_in_qemus_dump(lab):
    linux = boot(lab, machine="pc,vmport=off")
    ours = check_same(lab, linux)
    check_equal(ours.vmcoreinfo()["OSRELEASE"], RELEASE[linux.socket_path], "release")
    check_readers(lab, lab.path("stream.elf"), "elf")
    info = json.loads(guestdump(lab, "info", "--json", lab.path("stream")))
    check_equal((info["format"], len(info["cpus"])), ("migration-stream", 2), "format and vCPUs")
    report = guestdump(lab, "report", lab.path("stream"))
    check("Linux" in report and "stack" in report.lower(), "report: %s", report)
    check("good" in guestdump(lab, "verify", lab.path("stream")), "verify finds faults")
    check("equal" in guestdump(lab, "compare", lab.path("stream"), lab.path("stream.ref")), "compare finds differences")
    lab.vm("-restore", lab.path("stream")).dump(lab.path("restored"))
    check_equal(difference(Elf(lab.path("restored")), ours), None, "difference after -restore")
    check_equal(Elf(lab.path("restored")).general_registers(), ours.general_registers(), "registers after -restore")


@case
def memory_on_both_sides_of_4_gib_a_dimm_and_video_memory_are_the_same_as_in_qemus_dump(lab):
    for machine in ("pc", "q35"):
        qemu = firmware_guest(lab, machine + ",max-ram-below-4g=128M", "256M,slots=2,maxmem=1G", "-vga", "std", "-device", "vmcoreinfo",
                              "-object", "memory-backend-ram,id=d,size=64M", "-device", "pc-dimm,memdev=d")
        ranges = check_same(lab, qemu).ranges()
        check(sum(size for _, size in ranges) > (256 + 64 + 16 - 1) * MIB, "no video memory or no DIMM: %s", ranges)
        check(any(start >= 4 * GIB for start, _ in ranges), "no memory above 4 GiB: %s", ranges)
        qemu.kill()


@case
def the_hole_of_each_machine_type_lies_where_qemu_has_it(lab):
    # Memory that nobody touched is sparse in the stream and in QEMU's dump.
    for machine, size, below in (("pc", 3584, 3 * GIB), ("pc", 3583, 3583 * MIB), ("q35", 2816, 2 * GIB), ("q35", 2815, 2815 * MIB)):
        qemu = firmware_guest(lab, machine, "%dM" % size, "-vga", "none")
        qemu.qmp("stop")
        migrate(qemu, "exec:cat > " + lab.path("stream"))
        found = [(int(r["begin"], 16), r["length"]) for r in json.loads(guestdump(lab, "info", "--json", lab.path("stream")))["ranges"]]
        mapped = [(int(a, 16), int(b, 16) + 1) for a, b in
                  re.findall(r"^  (\w{16})-(\w{16}) \(prio \d+, r[ao]m\): (?!.*\.rom)", memory_tree(qemu), re.M)]
        check_equal(found, merged(mapped), "ranges of %s with %d MiB" % (machine, size))
        check_equal(found[0], (0, below), "memory below 4 GiB of %s with %d MiB" % (machine, size))
        qemu.kill()


def memory_tree(qemu):
    """The flat view of the address space "memory"."""
    views = qemu.qmp.hmp("info mtree -f").replace("\r", "").split("\n\n")
    return next(view for view in views if 'AS "memory"' in view)


def merged(ranges):
    """[(start, size)] of [(start, end)], joined where they touch."""
    joined = []
    for start, end in sorted(ranges):
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return [(start, end - start) for start, end in joined]


@case
def each_kind_of_video_memory_is_the_same_as_in_qemus_dump(lab):
    for machine, device in (("pc", "cirrus-vga"), ("q35", "qxl-vga"), ("q35", "virtio-vga"), ("pc", "secondary-vga")):
        qemu = firmware_guest(lab, machine, "64M", "-vga", "none", "-device", device)
        ranges = check_same(lab, qemu).ranges()
        check(any(0x80000000 <= start < 0xfe800000 for start, _ in ranges), "no memory of %s: %s", device, ranges)
        qemu.kill()


@case
def a_machine_before_its_first_instruction_is_the_same_as_in_qemus_dump(lab):
    # The chipset shows firmware, not memory, below 1 MiB.
    for machine in ("pc", "q35"):
        qemu = lab.qemu("-machine", machine, "-m", "64M", "-S")
        check_same(lab, qemu)
        qemu.kill()


@case
def pages_that_were_sent_several_times_are_the_last_version(lab):
    # The guest writes all the time while it is sent; QEMU stops it at the end, and it stays as it is.
    qemu = round_guest(lab)
    qemu.qmp("migrate-set-parameters", **{"max-bandwidth": 100 * MIB, "downtime-limit": 2000})
    migrate(qemu, "exec:cat > " + lab.path("stream"))
    qemu.dump(lab.path("reference"))
    check(os.path.getsize(lab.path("stream")) > 70 * MIB, "nothing was sent twice")
    check_one_moment(check_equals(lab, lab.path("stream"), lab.path("reference")))


@case
def a_file_with_mapped_ram_is_the_same_as_in_qemus_dump(lab):
    qemu = firmware_guest(lab, "q35", "128M", "-vga", "std")
    known = [one["capability"] for one in qemu.qmp("query-migrate-capabilities")]
    if "mapped-ram" not in known:
        raise Skip("this QEMU has no mapped-ram")
    qemu.qmp("migrate-set-capabilities", capabilities=[{"capability": "mapped-ram", "state": True}])
    qemu.qmp("stop")
    qemu.dump(lab.path("reference"))
    migrate(qemu, "file:" + lab.path("stream"))
    check_equals(lab, lab.path("stream"), lab.path("reference"))
    check("with mapped-ram" in guestdump(lab, "info", lab.path("stream")), "info does not say so")


@case
def a_stream_that_is_cut_anywhere_says_so_and_what_came_is_saved_on_request(lab):
    qemu = firmware_guest(lab, "pc", "64M", "-vga", "none")
    stream, reference = saved(lab, qemu)
    with open(stream, "rb") as file:
        whole = file.read()
    qemus = Elf(reference)
    # In the header, in the list of blocks, in memory, in the devices, in their description.
    for size in (10, 60, len(whole) // 2, len(whole) - 110000, len(whole) - 1000, len(whole) - 1):
        with open(lab.path("cut"), "wb") as out:
            out.write(whole[:size])
        said = guestdump(lab, "convert", "--quiet", lab.path("cut"), lab.path("out"), status=2)
        check("cut off" in said, "convert of %d bytes: %s", size, said)
        if size > 1000:
            check("--partial" in said, "convert of %d bytes: %s", size, said)
            guestdump(lab, "convert", "--quiet", "--partial", lab.path("cut"), lab.path("out"), status=None)
            part = Elf(lab.path("out"))
            for load in part.loads:
                check_equal(part.read(load.paddr, load.filesz) == qemus.read(load.paddr, load.filesz), True,
                            "memory at 0x%x of %d bytes" % (load.paddr, size))
            os.unlink(lab.path("out"))


if __name__ == "__main__":
    run_cases()
