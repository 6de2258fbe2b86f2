#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A running guest: it continues after a failed dump, and gdb reads its state from a dump."""
from lab import case, check, check_equal, need, run_cases
from lab.counting_guest import CountingGuest
from vmcore import Elf


@case
def a_failing_dump_lets_the_guest_run_on(lab):
    guest = CountingGuest(lab, "synthetic", 2)
    guest.machine.dump(lab.path("before"))
    answer = guest.machine.qmp.request({"execute": "dump-guest-memory",
                                        "arguments": {"paging": False, "protocol": "file:/dev/full"}})
    check("No space left on device" in answer["error"]["desc"], "it said %s", answer)
    check_equal(guest.machine.qmp("query-status")["status"], "running", "status")
    guest.machine.dump(lab.path("after"))
    check(guest.counters(Elf(lab.path("after")))[0] > guest.counters(Elf(lab.path("before")))[0], "it does not run on")


@case
def gdb_sees_the_counters_in_registers_and_by_virtual_address(lab):
    need("gdb")
    guest = CountingGuest(lab, "synthetic", 4)
    guest.machine.dump(lab.path("vmcore"), paging=True)
    counters = guest.counters(Elf(lab.path("vmcore"), ))
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + lab.path("vmcore"),
                   "-ex", "thread apply all -ascending -q printf \"counter %lu %lu\\n\", $rbx, *(unsigned long *)$rdi")
    found = [tuple(map(int, line.split()[1:])) for line in said.splitlines() if line.startswith("counter")]
    check_equal([register for register, _ in found], counters, "RBX in gdb")
    check(all(register - memory in (0, 1) for register, memory in found), "gdb sees %s", found)


if __name__ == "__main__":
    run_cases()
