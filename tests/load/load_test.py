#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Large guests and many dumps: load_test.py [--all] [WORD...]

Many dumps in a row while clients query their progress, the maximum number of vCPUs, 100,000 blocks of RAM, and a guest
of 1 TiB that is hardly used. Prints the measurements; asserts the bounds in docs/reliability.md. Without --all there
are fewer dumps, and only one kdump format is used, with a guest of 32 GiB: with 1 TiB each writes 6.1 GiB.
"""
import argparse
import os
import pathlib
import re
import shutil
import struct
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

import lab  # noqa: E402
from lab import Skip, case, check, check_equal, kvm_works, need, need_module, program  # noqa: E402
from lab.counting_guest import COUNTERS, STRIDE, CountingGuest, check_counters, counter_image  # noqa: E402
from lab.wire import Wire, connected, open_fds  # noqa: E402
from kdump import Kdump  # noqa: E402
from vmcore import GENERAL, Elf  # noqa: E402

FORMATS = ["elf", "vbox-core"] + ["kdump-" + raw + name for name in ("zlib", "lzo", "snappy", "zstd") for raw in ("", "raw-")]
PAGE, MIB, GIB, TIB = 4096, 1 << 20, 1 << 30, 1 << 40
POLLING_CLIENTS = 4
BLOCKS = 100000
MINUTE = 60.0
OWN_MEMORY = 256 * MIB
OPTIONS = argparse.Namespace(all=False)


def memory_of(pid, field):
    """A field of /proc/PID/status in bytes."""
    with open("/proc/%d/status" % pid) as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) << 10


def threads_of(pid):
    return len(os.listdir("/proc/%d/task" % pid))


class Watch:
    """The peak of a process's own memory, sampled every 10 ms. Guest memory is not included: it is shared or never
    touched.
    """

    def __init__(self, pid):
        self.most, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self.thread.start()

    def _look(self, pid):
        while not self.over.wait(0.01):
            self.most = max(self.most, memory_of(pid, "RssAnon"))

    def end(self):
        self.over.set()
        self.thread.join()
        return self.most


class Poller:
    """A client that sends query-dump repeatedly. Its answers must be consistent, and it must receive every event."""

    def __init__(self, path):
        self.wire, self.asked, self.ended, self.trouble = Wire(connected(path)), 0, 0, None
        self.wire.line()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._poll, daemon=True)
        self.returned("qmp_capabilities")
        self.thread.start()

    def returned(self, command):
        self.wire.send(b'{"execute": "%s"}' % command.encode())
        while True:
            message = self.wire.line()
            self.ended += message.get("event") == "DUMP_COMPLETED"
            if "event" not in message:
                return message["return"]

    def _poll(self):
        try:
            while not self.over.is_set():
                told = self.returned("query-dump")
                self.asked += 1
                check(told["status"] in ("none", "active", "completed"), "query-dump says %s", told)
                check(told["completed"] <= told["total"], "query-dump says %s", told)
                if told["status"] == "completed":
                    check_equal(told["completed"], told["total"], "completed")
        except Exception as trouble:  # raised by end()
            self.trouble = trouble

    def end(self):
        self.over.set()
        self.thread.join(30)
        self.returned("query-status")  # after all events
        if self.trouble:
            raise self.trouble


@case
def detached_dumps_in_a_row_while_clients_poll(the_lab):
    count = 1000 if OPTIONS.all else 200
    sockets = [the_lab.path("poller%d" % number) for number in range(POLLING_CLIENTS)]
    more = [word for path in sockets for word in ("-qmp", "unix:%s,server=on,wait=off" % path)]
    guest = CountingGuest(the_lab, "synthetic", 2, *more)
    machine, pid = guest.machine, guest.machine.process.pid
    pollers = [Poller(path) for path in sockets]
    machine.qmp.events.clear()
    before = None
    last, begin = [0, 0], time.monotonic()
    for number in range(count):
        if number == 2 * len(FORMATS):  # libraries have allocated what they keep
            before = open_fds(pid), threads_of(pid), memory_of(pid, "RssAnon")
        fmt, path = FORMATS[number % len(FORMATS)], the_lab.path("vmcore")
        machine.qmp("dump-guest-memory", paging=False, protocol="file:" + path, format=fmt, detach=True)
        check_equal(machine.qmp.wait_event("DUMP_COMPLETED")["data"]["result"]["status"], "completed", "dump %d" % number)
        machine.qmp.events.clear()
        if fmt == "elf":
            counters = guest.counters(Elf(path))
            check(all(now > old for now, old in zip(counters, last)), "the guest stood still before dump %d", number)
            last = counters
        else:
            check(os.path.getsize(path) > 0, "dump %d is empty", number)
        os.unlink(path)
    seconds = time.monotonic() - begin
    for poller in pollers:
        poller.end()
    after = open_fds(pid), threads_of(pid), memory_of(pid, "RssAnon")
    print("# %d detached dumps in %.1f s, %d clients polled %d times meanwhile; own memory %.1f MiB, %.1f at the end" % (
        count, seconds, POLLING_CLIENTS, sum(poller.asked for poller in pollers), before[2] / MIB, after[2] / MIB), flush=True)
    check_equal(after[:2], before[:2], "descriptors and threads")
    check(after[2] - before[2] < 8 * MIB, "own memory grew from %d to %d bytes", before[2], after[2])
    check(min(poller.asked for poller in pollers) > count, "a client was hardly served")
    check_equal([poller.ended for poller in pollers], [count] * POLLING_CLIENTS, "ends of dumps told to each client")
    machine.quit()


def by_libkdumpfile(the_lab, path, places):
    """The 8 bytes at each guest-physical address in @places."""
    need_module("kdumpfile")
    script = ("import kdumpfile, sys; c = kdumpfile.kdumpfile(sys.argv[1]); "
              "print(*(c.read(kdumpfile.KDUMP_MACHPHYSADDR, int(at), 8).hex() for at in sys.argv[2:]))")
    return [bytes.fromhex(word) for word in the_lab.run(lab.PYTHON, "-c", script, path, *places).split()]


class KdumpOf255:
    """The interface that check_counters() needs: notes from our reader, memory from libkdumpfile."""

    def __init__(self, the_lab, path):
        notes, at, self.registers = Kdump(path).notes(), 0, []
        while at < len(notes):
            namesz, descsz, kind = struct.unpack_from("<III", notes, at)
            name_at, at = at + 12, at + 12 + (namesz + 3) // 4 * 4
            if notes[name_at:name_at + 5] == b"CORE\0" and kind == 1:
                self.registers.append(dict(zip(GENERAL, struct.unpack_from("<27Q", notes, at + 112))))
            at += (descsz + 3) // 4 * 4
        places = [COUNTERS + STRIDE * cpu for cpu in range(255)]
        self.counters = dict(zip(places, by_libkdumpfile(the_lab, path, places)))

    def general_registers(self):
        return self.registers

    def read(self, gpa, size):
        check_equal(size, 8, "bytes of a counter")
        return self.counters[gpa]


def dump_of_255(the_lab, accel):
    need("gdb")
    guest = CountingGuest(the_lab, accel, 255)
    elf, kdump = the_lab.path("elf"), the_lab.path("kdump")
    times = [guest.machine.dump(elf), guest.machine.dump(kdump, fmt="kdump-raw-zlib")]
    guest.machine.dump(the_lab.path("flattened"), fmt="kdump-zstd")
    check_counters(Elf(elf), 255)
    said = the_lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + elf, "-ex", "info threads")
    check_equal(len(re.findall(r"^[* ] +\d+ +(?:LWP|Thread) ", said, re.M)), 255, "threads that gdb sees")
    check_counters(KdumpOf255(the_lab, kdump), 255)
    the_lab.run(program("guestdump"), "verify", the_lab.path("flattened"))
    print("# 255 vCPUs on %s: ELF %.2f s, kdump %.2f s" % (accel, *times), flush=True)
    guest.machine.quit()


@case
def most_vcpus_of_a_synthetic_machine(the_lab):
    dump_of_255(the_lab, "synthetic")


@case
def most_vcpus_of_a_kvm_machine(the_lab):
    if not kvm_works():
        raise Skip("/dev/kvm does not work here")
    dump_of_255(the_lab, "kvm")


def write_scattered(path, notes, blocks):
    """An ELF vmcore with @blocks PT_LOADs of one page, every second page of memory, each with its number in it."""
    headers = blocks + 1
    notes_at = 64 + 56 * headers
    section = (notes_at + len(notes) + 7) // 8 * 8
    data = (section + 64 + PAGE - 1) // PAGE * PAGE
    with open(path, "wb") as out:
        out.write(b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, section, 0, 64, 56, 0xffff, 64, 1, 0))
        out.write(struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, len(notes), len(notes), 0))
        for block in range(blocks):
            out.write(struct.pack("<IIQQQQQQ", 1, 0, data + PAGE * block, 0, 2 * PAGE * block, PAGE, PAGE, 0))
        out.write(notes)
        out.seek(section)
        out.write(bytes(44) + struct.pack("<I", headers) + bytes(16))
        out.seek(data)
        for block in range(blocks):
            out.write(struct.pack("<Q", block + 1) * (PAGE // 8))


def scattered_page(block):
    return struct.pack("<Q", block + 1) * (PAGE // 8)


def check_scattered_elf(the_lab, path):
    elf = Elf(path)
    check_equal((elf.e_phnum, len(elf.loads)), (0xffff, BLOCKS), "program headers")
    for block, load in enumerate(elf.loads):
        check_equal((load.paddr, load.filesz), (2 * PAGE * block, PAGE), "block %d" % block)
        check(elf.data[load.offset:load.offset + PAGE] == scattered_page(block), "the contents of block %d", block)
    need("readelf")
    check_equal(the_lab.run("readelf", "-lW", path).count("\n  LOAD "), BLOCKS, "LOADs that readelf sees")


def check_scattered_kdump(the_lab, path):
    places = [2 * PAGE * block for block in range(0, BLOCKS, 97)]
    for place, found in zip(places, by_libkdumpfile(the_lab, path, places)):
        check(found == scattered_page(place // (2 * PAGE))[:8], "the contents at 0x%x", place)


@case
def a_hundred_thousand_blocks(the_lab):
    small = the_lab.vm("-accel", "synthetic", "-m", "16M")
    small.dump(the_lab.path("small"))
    small.quit()
    write_scattered(the_lab.path("scattered"), Elf(the_lab.path("small")).note_bytes, BLOCKS)
    begin = time.monotonic()
    machine = the_lab.vm("-restore", the_lab.path("scattered"))
    machine.qmp("query-status")
    print("# %d blocks: restored in %.2f s, own memory %.1f MiB" % (
        BLOCKS, time.monotonic() - begin, memory_of(machine.process.pid, "RssAnon") / MIB), flush=True)
    for fmt in FORMATS:
        path = the_lab.path("vmcore")
        watch = Watch(machine.process.pid)
        seconds = machine.dump(path, fmt=fmt)
        most = watch.end()
        print("# %d blocks as %s: %.2f s, own memory %.1f MiB" % (BLOCKS, fmt, seconds, most / MIB), flush=True)
        check(seconds < MINUTE and most < OWN_MEMORY, "%s took %.1f s and %d bytes", fmt, seconds, most)
        if fmt == "elf":
            check_scattered_elf(the_lab, path)
        elif "raw" in fmt:
            check_scattered_kdump(the_lab, path)
        the_lab.run(program("guestdump"), "compare", the_lab.path("scattered"), path)
        os.unlink(path)
    begin = time.monotonic()
    machine.qmp("query-dump-estimate", format="kdump-zlib")
    print("# %d blocks: an estimate took %.2f s" % (BLOCKS, time.monotonic() - begin), flush=True)
    machine.quit()
    begin = time.monotonic()
    machine = the_lab.vm("-restore", the_lab.path("scattered") + ",load=on")
    machine.dump(the_lab.path("vmcore"), fmt="kdump-raw-zlib")
    print("# %d blocks: read at once and dumped in %.2f s, %d descriptors" % (
        BLOCKS, time.monotonic() - begin, len(open_fds(machine.process.pid))), flush=True)
    the_lab.run(program("guestdump"), "compare", the_lab.path("scattered"), the_lab.path("vmcore"))
    machine.quit()


class SparseGuest:
    """A guest that has touched hardly any memory: its counters, and one page in each GiB."""

    def __init__(self, the_lab, size):
        self.size, self.path = size, the_lab.path("ram")
        with open(self.path, "wb") as ram:
            for at in range(0, size, GIB):
                ram.seek(at + GIB - 2 * PAGE)
                ram.write(os.urandom(PAGE))
            ram.truncate(size)
        self.machine = the_lab.vm(
            "-accel", "synthetic", "-smp", 2, "-machine", "q35,memory-backend=ram",
            "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (size, self.path),
            "-device", "loader,file=%s,addr=0x100000" % counter_image())
        self.machine.qmp("query-status")

    def dump(self, path, fmt, paging):
        """Returns how long the guest was paused, the total time, and the peak of the process's own memory."""
        qmp = self.machine.qmp
        qmp.events.clear()
        watch, begin = Watch(self.machine.process.pid), time.monotonic()
        qmp("dump-guest-memory", paging=paging, protocol="file:" + path, format=fmt, detach=True)
        qmp.wait_event("RESUME")
        stood = time.monotonic() - begin
        data = qmp.wait_event("DUMP_COMPLETED")["data"]
        check("error" not in data, "%s: %s", fmt, data)
        return stood, time.monotonic() - begin, watch.end()


def room_for_descriptors(the_lab, size):
    """A kdump file has 24 bytes for each page of the guest, whatever it contains."""
    needed, free = size // PAGE * 24 + GIB, shutil.disk_usage(the_lab.folder).free
    if free < needed:
        raise Skip("%s has %d MiB free, a kdump file takes %d" % (the_lab.folder, free // MIB, needed // MIB))


def sparse_dumps(the_lab, size, formats):
    guest, path = SparseGuest(the_lab, size), the_lab.path("vmcore")
    for name in formats:
        fmt, *paging = name.split()
        if fmt.startswith("kdump"):
            room_for_descriptors(the_lab, size)
        stood, seconds, most = guest.dump(path, fmt, bool(paging))
        status = os.stat(path)
        print("# %d GiB sparse as %s: the guest stood still for %.1f s, all took %.1f s; own memory %.1f MiB; a file of %d MiB, "
              "%d on disk" % (size // GIB, name, stood, seconds, most / MIB, status.st_size // MIB, status.st_blocks // 2048),
              flush=True)
        check(seconds < MINUTE, "%s took %.1f s", name, seconds)
        check(most < OWN_MEMORY, "%s took %d bytes of memory", name, most)
        if name == "elf":
            check_counters(Elf(path), 2)
        elif "raw" in fmt:
            with open(guest.path, "rb") as ram:
                ram.seek(GIB - 2 * PAGE)
                check_equal(by_libkdumpfile(the_lab, path, [GIB - 2 * PAGE]), [ram.read(8)], "memory in " + name)
        os.unlink(path)
    guest.machine.quit()


@case
def a_sparse_guest_of_a_terabyte(the_lab):
    sparse_dumps(the_lab, TIB, ["elf", "elf paging"] + (FORMATS[1:] if OPTIONS.all else ["vbox-core"]))


@case
def a_sparse_guest_as_kdump(the_lab):
    sparse_dumps(the_lab, 32 * GIB, ["kdump-raw-zlib", "kdump-zstd"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("words", nargs="*")
    OPTIONS = parser.parse_args()
    sys.argv[1:] = OPTIONS.words
    lab.run_cases()
