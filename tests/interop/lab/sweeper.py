# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest that writes all of memory (tests/guests/README.md, sweeper.bin), dumped while it runs."""
import base64
import os
import struct
import time

import lab
from lab import Skip, check, check_equal, kvm_works

VCPUS = 4
MIB = 1 << 20
PARAMETERS, REPORTS, AREA = 0x180000, 0x190000, 2 * MIB
WRITE, WRITTEN = 0x100880, 0x100883
PAGE = 4096


def guest_image():
    build = os.environ.get("GUESTDUMP_BUILD", str(lab.ROOT / "build-release"))
    return os.path.join(build, "tests", "guests", "sweeper.bin")


class Sweeper:
    """A machine whose vCPUs write all of memory from 2 MiB on."""

    def __init__(self, machine_lab, memory=64 * MIB, backend="ram", share=False, folder=None, idle=False, options=()):
        if not kvm_works():
            raise Skip("/dev/kvm does not work here")
        if not os.access("/dev/userfaultfd", os.R_OK | os.W_OK):
            raise Skip("/dev/userfaultfd cannot be opened")
        self.lab, self.memory = machine_lab, memory
        self.pages = (memory - AREA) // PAGE
        low = min(self.pages, (0xc0000000 - AREA) // PAGE)
        parameters = machine_lab.path("parameters")
        with open(parameters, "wb") as file:
            file.write(struct.pack("<7Q", VCPUS, AREA, low, 1 << 32, self.pages, 2_000_000, idle))
        options_of_backend = "memory-backend-%s,id=ram,size=%d,share=%s" % (backend, memory, "on" if share else "off")
        if backend == "file":
            options_of_backend += ",mem-path=%s" % folder
        self.low = low
        self.machine = machine_lab.vm(
            "-machine", "pc,memory-backend=ram", "-smp", VCPUS, "-accel", "kvm", "-object", options_of_backend,
            "-device", "loader,file=%s,addr=0x100000" % guest_image(),
            "-device", "loader,file=%s,addr=0x%x" % (parameters, PARAMETERS), *options)
        self.qmp = self.machine.qmp
        self.wait_pages(1 if idle else self.pages, 600)  # so that all of memory is populated

    def read(self, address, size):
        return base64.b64decode(self.qmp("read-guest-memory", begin=address, length=size)["data"])

    def written(self):
        """Pages that each vCPU has written, without stopping any."""
        return [struct.unpack_from("<Q", self.read(REPORTS + PAGE * cpu, 16), 8)[0] for cpu in range(VCPUS)]

    def wait_pages(self, pages, limit=60):
        """Returns when the vCPUs have written @pages more."""
        before, end = sum(self.written()), time.monotonic() + limit
        while sum(self.written()) < before + pages:
            check(time.monotonic() < end, "the guest has stopped at %s", self.written())
            time.sleep(0.01)

    def must_run(self):
        """Every vCPU goes on, and no page is protected."""
        before, end = self.written(), time.monotonic() + 20
        while any(now <= old for now, old in zip(self.written(), before)):
            check(time.monotonic() < end, "vCPUs stand still: %s, then %s; %s", before, self.written(), self.threads())
            time.sleep(0.01)
        check_equal(self.qmp("query-status")["status"], "running", "state of the machine")
        check_equal(self.watched(), [], "memory that is still watched")

    def threads(self):
        """What each thread of the machine waits for in the kernel."""
        tasks = "/proc/%d/task" % self.machine.process.pid
        return {task: open("%s/%s/wchan" % (tasks, task)).read() for task in os.listdir(tasks)}

    def watched(self):
        """Mappings that userfaultfd watches, and the number of protected pages in the others."""
        found, name = [], ""
        with open("/proc/%d/smaps" % self.machine.process.pid) as file:
            for line in file:
                if line.startswith("VmFlags:"):
                    if {"um", "uw"} & set(line.split()):
                        found.append(name)
                elif "-" in line.split()[0]:
                    name = line.strip()
        return found

    def live(self, **arguments):
        arguments.setdefault("protocol", "file:" + self.lab.path("vmcore"))
        arguments.setdefault("paging", False)
        return self.qmp("dump-guest-memory", live=True, **arguments)


def expected_pages(sweeper, registers, cpu):
    """Yields the address of each page of a vCPU, and its contents by its registers."""
    numbers = range(cpu, sweeper.pages, VCPUS)
    completed = registers["r10"]
    generation, current = completed // len(numbers) + 1, completed % len(numbers)
    words = 512 - registers["rcx"] if registers["rip"] in (WRITE, WRITTEN) else 0
    for index, number in enumerate(numbers):
        low = number < sweeper.low
        address = AREA + number * PAGE if low else (1 << 32) + (number - sweeper.low) * PAGE
        new = struct.pack("<Q", (address << 24) + generation)
        old = struct.pack("<Q", (address << 24) + generation - 1 if generation > 1 else 0)
        if index < current:
            yield address, new * 512
        elif index > current:
            yield address, old * 512
        else:
            yield address, new * words + old * (512 - words)


def check_one_moment(sweeper, dump):
    """Compares every page in a dump with the registers in it. Returns the pages that the vCPUs had written."""
    vcpus = dump.general_registers()
    check_equal(len(vcpus), VCPUS, "number of vCPUs")
    area = dump.read(AREA, sweeper.low * PAGE)
    torn = []
    for cpu, registers in enumerate(vcpus):
        reported, = struct.unpack_from("<Q", dump.read(REPORTS + PAGE * cpu + 8, 8))
        check(registers["r10"] - reported in (0, 1), "vCPU %d: R10 is %d, in memory %d", cpu, registers["r10"], reported)
        for address, contents in expected_pages(sweeper, registers, cpu):
            at = address - AREA
            found = area[at:at + PAGE] if address < (1 << 32) else dump.read(address, PAGE)
            if found != contents:
                torn.append((cpu, address, found[:8].hex(), found[-8:].hex(), contents[:8].hex()))
    check(not torn, "%d pages are torn: %s; registers %s", len(torn), torn[:4], vcpus)
    return [registers["r10"] for registers in vcpus]
