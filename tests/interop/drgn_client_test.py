#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The QMP commands that drgn sends to attach to a live guest, step by step; the guest is a restored Linux.

The memory of a guest restored from ELF is mapped, and drgn reads it with process_vm_readv(); that of a compressed file
is read with xp.
"""
import ctypes
import json
import os
import re
import socket
import struct

from lab import case, check, check_equal, linux_guest, run_cases
from lab.wire import Wire, connected
from vmcore import Elf

RANGE = re.compile(r"^  ([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, (?:nv-)?(ram|rom|romd)\): ", re.M)
HOST_ADDRESS = re.compile(r"Host virtual address for 0x[0-9a-f]+ \([^)]*\) is (0x[0-9a-f]+)\s*$")
PAGE_OFFSET = 0xffff888000000000


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def read_process(pid, address, size):
    """Reads another process's memory as drgn does; b"" if it cannot."""
    libc, buffer = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(size)
    local, remote = Iovec(ctypes.addressof(buffer), size), Iovec(address, size)
    got = libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
    return buffer.raw[:max(got, 0)]


class Drgn:
    """Sends one request at a time, without ids, each ended by CR LF."""

    def __init__(self, machine):
        self.wire = Wire(connected(machine.socket_path))
        check("QMP" in self.wire.line(), "no greeting")
        self.ask("qmp_capabilities")
        check_equal(self.ask("query-target"), {"arch": "x86_64"}, "the target")
        credentials = self.wire.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.pid = struct.unpack("iII", credentials)[0]
        check_equal(self.pid, machine.process.pid, "the process that listens")
        self.ranges = self.find_ranges()
        self.hosts = [self.host_address(start) for start, _ in self.ranges]

    def ask(self, command, fds=(), **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        return self.wire.returned(json.dumps(request).encode() + b"\r\n", fds)

    def hmp(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})

    def find_ranges(self):
        """[(first address, last address)] of the system memory view, RAM before ROM."""
        view = self.hmp("info mtree -f").replace("\r", "")
        check(re.search(r'^FlatView #\d+$(?:\n AS ".*", root: .*)*\n AS "memory", root: system$', view, re.M),
              "no view of memory in %r", view)
        check("\n Root memory region: system\n" in view, "no root in %r", view)
        found = [(int(first, 16), int(last, 16), kind) for first, last, kind in RANGE.findall(view)]
        return [one[:2] for one in sorted(found, key=lambda one: one[2])]

    def host_address(self, gpa):
        """The address of the range in the emulator; None if it has none or cannot be read."""
        found = HOST_ADDRESS.match(self.hmp("gpa2hva 0x%x" % gpa))
        address = int(found[1], 16) if found else None
        return address if address and read_process(self.pid, address, 1) else None

    def vmcoreinfo(self):
        """Reads the notes of a dump of one byte into a memfd."""
        descriptor = os.memfd_create("drgn-dump")
        self.ask("getfd", fds=[descriptor], fdname="drgn-dump")
        self.ask("dump-guest-memory", paging=False, protocol="fd:drgn-dump", begin=self.ranges[0][0], length=1)
        return Elf("/proc/self/fd/%d" % descriptor).vmcoreinfo()

    def read_direct(self, gpa, size):
        for (first, last), host in zip(self.ranges, self.hosts):
            if host and first <= gpa and gpa + size <= last + 1:
                return read_process(self.pid, host + gpa - first, size)
        raise LookupError(hex(gpa))

    def read_by_xp(self, gpa, size):
        """Reads at most 1024 bytes, from lines of eight."""
        text = self.hmp("xp /%dxb 0x%x" % (size, gpa)).replace("\r", "")
        data = b""
        for line in text.splitlines():
            check_equal(line[:17], "%016x:" % (gpa + len(data)), "the address of a line")
            data += bytes(int(word, 16) for word in re.findall(r" 0x([0-9a-f]{2})", line[17:]))
        check_equal(len(data), size, "bytes in %r" % text)
        return data


def check_reads(read, reference, ranges):
    """Compares reads at both ends of each range, and of the kernel's own description, with QEMU's dump."""
    for first, last in ranges:
        for gpa in (first, (first + last) // 2 // 8 * 8, last + 1 - 256):
            check_equal(read(gpa, 256), reference.read(gpa, 256), "256 bytes at 0x%x" % gpa)


@case
def drgn_reads_the_guest_of_an_elf_vmcore_directly(lab):
    reference = Elf(os.path.join(linux_guest(), "ref.elf"))
    drgn = Drgn(lab.vm("-restore", os.path.join(linux_guest(), "ref.elf")))
    check(drgn.ranges and all(drgn.hosts), "ranges %s at %s", drgn.ranges, drgn.hosts)
    check_equal(drgn.vmcoreinfo(), reference.vmcoreinfo(), "VMCOREINFO")
    check_reads(drgn.read_direct, reference, drgn.ranges)


@case
def drgn_reads_the_guest_of_a_compressed_vmcore_by_xp(lab):
    reference = Elf(os.path.join(linux_guest(), "ref.elf"))
    drgn = Drgn(lab.vm("-restore", os.path.join(linux_guest(), "ref.zlib")))
    check_equal(set(drgn.hosts), {None}, "addresses in the emulator")
    check_equal(drgn.vmcoreinfo(), reference.vmcoreinfo(), "VMCOREINFO")
    check_reads(drgn.read_by_xp, reference, drgn.ranges)
    check_equal(len(drgn.read_by_xp(drgn.ranges[0][0], 1024)), 1024, "bytes of the longest read")
    said = drgn.hmp("xp /8xb 0x7f00000000000").replace("\r", "")
    check_equal(said, "0007f00000000000: Cannot access memory\n", "what xp says of no memory")


@case
def drgn_reads_a_running_guest_directly(lab):
    drgn = Drgn(lab.vm("-m", "64", "-accel", "synthetic"))
    check(all(drgn.hosts), "ranges %s at %s", drgn.ranges, drgn.hosts)
    check_equal(drgn.vmcoreinfo(), {}, "VMCOREINFO of a guest that gave none")
    counters = [drgn.read_direct(0x200000, 8) for _ in range(2)]
    check(struct.unpack("<Q", counters[0]) <= struct.unpack("<Q", counters[1]), "counters %s", counters)


run_cases()
