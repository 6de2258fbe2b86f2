#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of running guests: the registers of each vCPU agree with what it has written to memory.

tests/guests/README.md describes the guest and its addresses.
"""
import mmap
import os
import struct
import tempfile
import time

import lab
from lab import Skip, case, check, check_equal, kvm_works, run_cases
from vmcore import Elf

DUMPS = 200
VCPUS = 4
MEMORY = 16 << 20
COUNTERS, STRIDE = 0x200000, 64
INCREMENT, STORE, JUMP = (0xffff800000100800 + at for at in (0, 3, 6))
SECONDS_TO_MOVE = 20


class Counters:
    """The guest's counters while it runs, read from its RAM file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.ram = mmap.mmap(file.fileno(), MEMORY, prot=mmap.PROT_READ)

    def now(self):
        return [struct.unpack_from("<Q", self.ram, COUNTERS + STRIDE * cpu)[0] for cpu in range(VCPUS)]

    def wait_beyond(self, before):
        """Returns when every vCPU has counted beyond @before."""
        end = time.monotonic() + SECONDS_TO_MOVE
        while any(now <= old for now, old in zip(self.now(), before)):
            check(time.monotonic() < end, "vCPUs stand still: %s, then %s", before, self.now())
            time.sleep(0.0005)


def guest_image(name):
    build = os.environ.get("GUESTDUMP_BUILD", str(lab.ROOT / "build-release"))
    return os.path.join(build, "tests", "guests", name)


def start(machine_lab, accelerator, *options, image="counter.bin", ram=None):
    if accelerator == "kvm" and not kvm_works():
        raise Skip("/dev/kvm does not work here")
    ram = ram or machine_lab.path("ram")
    machine = machine_lab.vm(
        "-machine", "pc,memory-backend=ram", "-smp", VCPUS, "-accel", accelerator,
        "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (MEMORY, ram),
        "-device", "loader,file=%s,addr=0x100000" % guest_image(image), *options)
    machine.qmp("query-status")  # the machine and its RAM exist
    return machine, Counters(ram)


def consistent_counters(dump_path):
    """Each vCPU's counter in a dump, after comparing its registers with its memory."""
    dump = Elf(dump_path)
    vcpus = dump.general_registers()
    check_equal(len(vcpus), VCPUS, "number of vCPUs")
    counters = []
    for cpu, registers in enumerate(vcpus):
        in_memory, = struct.unpack("<Q", dump.read(COUNTERS + STRIDE * cpu, 8))
        check(registers["rip"] in (INCREMENT, STORE, JUMP), "vCPU %d is at 0x%x", cpu, registers["rip"])
        ahead = registers["rip"] == STORE
        check_equal(registers["rbx"], in_memory + ahead, "RBX of vCPU %d at 0x%x" % (cpu, registers["rip"]))
        check_equal(registers["rdi"], 0xffff800000000000 + COUNTERS + STRIDE * cpu, "RDI of vCPU %d" % cpu)
        counters.append(in_memory)
    return counters


def dumps_in_a_row(machine_lab, accelerator, ram=None, **arguments):
    machine, counters = start(machine_lab, accelerator, ram=ram)
    last, begin = [0] * VCPUS, time.monotonic()
    for number in range(DUMPS):
        counters.wait_beyond(last)
        path = machine_lab.path("dump")
        machine.dump(path, **arguments)
        now = consistent_counters(path)
        check(all(new > old for new, old in zip(now, last)), "dump %d: %s after %s", number, now, last)
        check_equal(machine.qmp("query-status")["status"], "running", "state after dump %d" % number)
        last = now
        os.unlink(path)
    print("# %s: %d consistent dumps in %.1f s, counters at %s" % (accelerator, DUMPS, time.monotonic() - begin, last))
    machine.quit()


@case
def dumps_200_times_in_a_row_on_kvm(machine_lab):
    dumps_in_a_row(machine_lab, "kvm")


@case
def dumps_200_times_in_a_row_on_synthetic(machine_lab):
    dumps_in_a_row(machine_lab, "synthetic")


def live_dumps_in_a_row(machine_lab, accelerator):
    """The counters are in one page, which each vCPU writes at every moment."""
    if not os.access("/dev/userfaultfd", os.R_OK | os.W_OK):
        raise Skip("/dev/userfaultfd cannot be opened")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # memory on a disk cannot be protected
        dumps_in_a_row(machine_lab, accelerator, ram=folder + "/ram", live=True)


@case
def live_dumps_200_times_in_a_row_on_kvm(machine_lab):
    live_dumps_in_a_row(machine_lab, "kvm")


@case
def live_dumps_200_times_in_a_row_on_synthetic(machine_lab):
    live_dumps_in_a_row(machine_lab, "synthetic")


@case
def stopped_guest_gives_the_same_dump_twice(machine_lab):
    machine, counters = start(machine_lab, "synthetic")
    counters.wait_beyond([0] * VCPUS)
    machine.qmp("stop")
    one, other = machine_lab.path("one"), machine_lab.path("other")
    machine.dump(one)
    machine.dump(other)
    with open(one, "rb") as first, open(other, "rb") as second:
        check(first.read() == second.read(), "two dumps of a stopped guest differ")
    check_equal(counters.now(), consistent_counters(one), "counters in RAM")
    machine.qmp("cont")
    counters.wait_beyond(consistent_counters(other))


@case
def what_is_loaded_first_is_what_runs(machine_lab):
    more = machine_lab.path("more")
    with open(more, "wb") as file:
        file.write(b"\xf4" * 4096)  # HLT
    machine, counters = start(machine_lab, "kvm", "-device", "loader,file=%s,addr=0x300000" % more)
    counters.wait_beyond([0] * VCPUS)
    machine.dump(machine_lab.path("vmcore"))
    check_equal(Elf(machine_lab.path("vmcore")).read(0x300000, 4096), b"\xf4" * 4096, "what was loaded second")


@case
def guest_starts_again_from_zero_after_a_reset(machine_lab):
    machine, counters = start(machine_lab, "synthetic")
    counters.wait_beyond([0] * VCPUS)
    machine.qmp("stop")
    machine.qmp("system_reset")
    machine.qmp.wait_event("RESET")
    check_equal(machine.qmp("query-status")["status"], "prelaunch", "state after a reset")
    machine.dump(machine_lab.path("reset"))
    check_equal(Elf(machine_lab.path("reset")).machine, 3, "e_machine of a vCPU in real mode")
    machine.qmp("cont")
    counters.wait_beyond([0] * VCPUS)


@case
def guest_that_died_is_dumped_and_reset(machine_lab):
    machine, _ = start(machine_lab, "kvm", "-S", image="triple_fault.bin")
    machine.qmp("cont")
    check_equal(machine.qmp.wait_event("SHUTDOWN")["data"], {"guest": True, "reason": "guest-reset"}, "how it died")
    machine.qmp.wait_event("STOP")
    check_equal(machine.qmp("query-status")["status"], "shutdown", "state of a dead guest")
    machine.dump(machine_lab.path("dead"))
    dead = Elf(machine_lab.path("dead"))
    check_equal(len(dead.qemu_states()), VCPUS, "QEMU notes")
    image = open(guest_image("triple_fault.bin"), "rb").read()
    check_equal(dead.read(0x100000, len(image)), image, "the dead guest's code")
    machine.qmp("system_reset")
    machine.qmp.wait_event("RESET")
    check_equal(machine.qmp("query-status")["status"], "prelaunch", "state after a reset")
    machine.quit()


if __name__ == "__main__":
    run_cases()
