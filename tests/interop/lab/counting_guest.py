# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own counting guest, seen from outside: what tests/guests/README.md promises about its registers and memory."""
import os
import struct
import time

from lab import check, check_equal, program

IMAGE = 0x100000
COUNTERS, STRIDE = 0x200000, 64  # guest-physical; one counter per cache line
VIRTUAL = 0xffff800000000000
INCREMENT, STORE, JUMP = (VIRTUAL + IMAGE + offset for offset in (0x800, 0x803, 0x806))


def counter_image():
    return os.path.join(os.path.dirname(os.path.dirname(program("guestdump-vm"))), "tests", "guests", "counter.bin")


def registers_and_memory(vmcore, vcpus):
    """For each vCPU (RBX, the RBX that follows from the counter in memory and from the next instruction)."""
    found = []
    for index, registers in enumerate(vmcore.general_registers()):
        stored, = struct.unpack("<Q", vmcore.read(COUNTERS + STRIDE * index, 8))
        check(registers["rip"] in (INCREMENT, STORE, JUMP), "vCPU %d is at 0x%x", index, registers["rip"])
        check_equal(registers["rdi"], VIRTUAL + COUNTERS + STRIDE * index, "RDI of vCPU %d" % index)
        found.append((registers["rbx"], stored + (registers["rip"] == STORE)))
    check_equal(len(found), vcpus, "vCPUs")
    return found


def check_counters(vmcore, vcpus):
    """RBX of every vCPU; fails if one disagrees with its counter in memory."""
    found = registers_and_memory(vmcore, vcpus)
    for index, (register, memory) in enumerate(found):
        check_equal(register, memory, "RBX of vCPU %d, against its counter in memory," % index)
    return [register for register, _ in found]


class CountingGuest:
    """A machine whose vCPUs all count, in RBX and in memory."""

    MIB = 64

    def __init__(self, lab, accel, vcpus, *options):
        self.vcpus = vcpus
        self.machine = lab.vm("-accel", accel, "-machine", "q35", "-m", "%dM" % self.MIB, "-smp", str(vcpus),
                              "-device", "loader,file=%s,addr=0x%x" % (counter_image(), IMAGE), *options)
        check_equal(self.machine.qmp("query-status")["status"], "running", "status")
        self._wait_until_all_count(lab.path("starting"))

    def _wait_until_all_count(self, path):
        # 255 vCPUs of an emulated KVM on two busy processors needed more than a minute.
        end = time.monotonic() + 240
        while True:
            self.machine.dump(path)
            vmcore = self.open(path)
            os.unlink(path)
            if vmcore.machine == 62 and all(registers["rip"] in (INCREMENT, STORE, JUMP) and registers["rbx"] > 0
                                            for registers in vmcore.general_registers()):
                return
            check(time.monotonic() < end, "the guest does not come up; its registers: %s",
                  vmcore.general_registers() if vmcore.machine == 62 else "not all in long mode")
            time.sleep(0.02)

    @staticmethod
    def open(path):
        from vmcore import Elf  # here, because lab sets the path for it
        return Elf(path)

    def registers(self, vmcore):
        return registers_and_memory(vmcore, self.vcpus)

    def counters(self, vmcore):
        return check_counters(vmcore, self.vcpus)
