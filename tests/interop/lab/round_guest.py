# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own guest that writes a counter to one page after the other, in QEMU: what tests/guests/README.md promises about it."""
import os
import shutil
import struct
import time

from lab import check, check_equal, program

FIRST, PAGES, PAGE = 0x1000000, 16384, 4096
MEMORY = 128  # MiB, at least


def memory(kind, size, path="", more=""):
    """Options for QEMU: a backend m for the memory of the machine, @size MiB."""
    mem_path = ",mem-path=" + path if path else ""
    return ["-object", "memory-backend-%s,id=m,size=%dM%s%s" % (kind, size, mem_path, more)]


def guest_file(name):
    return os.path.join(os.path.dirname(os.path.dirname(program("guestdump-vm"))), "tests", "guests", name)


def check_one_moment(vmcore):
    """Fails unless all pages, and the registers, are those of one moment; returns the counter."""
    values = [struct.unpack("<I", vmcore.read(FIRST + PAGE * page, 4))[0] for page in range(PAGES)]
    newest = max(values)
    torn = [page for page in range(PAGES) if values[page] != max(newest - (newest - 1 - page) % PAGES, 0)]
    check(not torn, "%d pages are of another moment, the first is %s", len(torn), torn[:1])
    prstatus = next(note.descriptor for note in vmcore.notes if note.name == "CORE")
    eax, = struct.unpack_from("<I", prstatus, 96)  # of i386: pr_reg begins at 72, and EAX is the seventh
    check(eax in (newest, newest + 1), "EAX is 0x%x, the newest page has 0x%x", eax, newest)
    return newest


def round_guest(lab, *options, machine="q35,vmport=off", memory=MEMORY, accel="tcg"):
    """A QEMU whose guest goes round, for some time already."""
    firmware = bytearray(open(guest_file("firmware.bin"), "rb").read())
    firmware[0x3fff8:0x3fffc] = struct.pack("<I", 0x100000)
    path = lab.path("ram-firmware")
    with open(path, "wb") as out:
        out.write(firmware)
    image = lab.path("ram-rounds")  # the build may lie where another user cannot look
    shutil.copyfile(guest_file("rounds.bin"), image)
    qemu = lab.qemu("-machine", machine, "-m", "%dM" % memory, "-bios", path,
                    "-device", "loader,file=%s,addr=0x100000" % image, *options, accel=accel)
    end = time.monotonic() + 30
    while counter(qemu) < 2 * PAGES:
        check(time.monotonic() < end, "the guest does not count: %s", qemu.said())
        time.sleep(0.05)
    hang_up(qemu)
    return qemu


def counter(qemu):
    """What page 0 of the round has."""
    said = qemu.qmp.hmp("xp /1xw 0x%x" % FIRST)
    return int(said.split(":")[1], 16)


def hang_up(qemu):
    """Leaves the monitor to others."""
    if qemu._qmp:
        qemu._qmp.sock.close()
        qemu._qmp = None


def status(qemu):
    """The status; a killed client may have left QEMU a reply that the next client gets first."""
    answer = qemu.qmp.request({"execute": "query-status", "id": "now"})
    while answer.get("id") != "now":
        answer = qemu.qmp.reply()
    return answer["return"]["status"]


def check_runs_on(qemu):
    """Fails unless the guest runs within a second, and counts; a busy host may give it little time to."""
    end = time.monotonic() + 1
    while (now := status(qemu)) != "running":
        check(time.monotonic() < end, "the guest stands still: %s", now)
        time.sleep(0.01)
    before, end = counter(qemu), time.monotonic() + 60
    while counter(qemu) == before:
        check(time.monotonic() < end, "the guest does not count")
        time.sleep(0.01)
    hang_up(qemu)
