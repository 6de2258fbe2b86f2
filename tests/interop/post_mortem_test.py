#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Recovers the guest from a core of its process: written by the kernel or by gcore, read by guestdump and by gdb's
command.

The counting guest shows whether registers and memory date from the same moment.
"""
import json
import os
import struct
import time

from lab import ROOT, Skip, case, check, check_equal, kvm_works, linux_guest, need, program, run_cases
from lab.process_cores import core_by_gcore, core_of_killed, may_dump_core, some_core
from vmcore import Elf, difference

VCPUS = 4
COUNTERS, STRIDE = 0x200000, 64
INCREMENT, STORE, JUMP = (0xffff800000100800 + at for at in (0, 3, 6))
SCRIPT = ROOT / "scripts" / "dump-guest-memory.py"


def image(name):
    return os.path.join(os.path.dirname(os.path.dirname(program("guestdump-vm"))), "tests", "guests", name)


def start(the_lab, accel, *options):
    if accel == "kvm" and not kvm_works():
        raise Skip("/dev/kvm does not work here")

    machine = the_lab.vm("-accel", accel, "-m", "32M", "-smp", VCPUS,
                         "-device", "loader,file=%s,addr=0x100000" % image("counter.bin"), *options,
                         cwd=the_lab.folder, preexec_fn=may_dump_core)
    machine.qmp("query-status")
    return machine


def wait_until_all_count(machine, the_lab):
    """Returns the counters of a dump that was taken when every vCPU was in its loop."""
    end = time.monotonic() + 30
    while True:
        machine.dump(the_lab.path("starting"))
        dump = Elf(the_lab.path("starting"))
        if dump.machine == 62 and all(r["rip"] in (INCREMENT, STORE, JUMP) and r["rbx"] > 0 for r in dump.general_registers()):
            return [r["rbx"] for r in dump.general_registers()]
        check(time.monotonic() < end, "the guest does not come up: e_machine %d, notes %s", dump.machine, dump.notes)
        time.sleep(0.02)


def by_guestdump(core, the_lab, fmt="elf"):
    out = the_lab.path("extracted-" + fmt)
    said = the_lab.run(program("guestdump"), "extract", core, out, "--format", fmt, "--quiet")
    return out, said


def by_gdb(core, the_lab):
    need("gdb")
    out = the_lab.path("by-gdb")
    said = the_lab.run("gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT, "-ex", "core-file %s" % core,
                       "-ex", "dump-guest-memory %s" % out)
    check("guest RAM blocks" in said and "0000000000000000" in said, "no table of RAM blocks in: %s", said)
    return out, said


def counters(path, live):
    """Each vCPU's RBX. If registers are @live, they are first compared with the counters in memory."""
    vmcore = Elf(path)
    check_equal(len(vmcore.qemu_states()), VCPUS, "QEMU notes")
    found = []
    for cpu, registers in enumerate(vmcore.general_registers()):
        in_memory, = struct.unpack("<Q", vmcore.read(COUNTERS + STRIDE * cpu, 8))
        check(registers["rip"] in (INCREMENT, STORE, JUMP), "vCPU %d is at 0x%x", cpu, registers["rip"])
        check_equal(registers["rdi"], 0xffff800000000000 + COUNTERS + STRIDE * cpu, "RDI of vCPU %d" % cpu)
        if live:
            check_equal(registers["rbx"], in_memory + (registers["rip"] == STORE), "RBX of vCPU %d" % cpu)
        else:
            check(registers["rbx"] <= in_memory, "RBX of vCPU %d is %d, beyond its counter %d", cpu, registers["rbx"], in_memory)
        found.append(registers["rbx"])
    check_equal(len(found), VCPUS, "vCPUs")
    return found


def both_ways(core, the_lab, live):
    """Counters in the vmcores that guestdump and gdb make from @core; both vmcores must be the same."""
    ours, _ = by_guestdump(core, the_lab)
    theirs, _ = by_gdb(core, the_lab)
    check_equal(difference(Elf(ours), Elf(theirs)), None, "difference in memory")
    check_equal(Elf(theirs).notes, Elf(ours).notes, "notes of gdb's vmcore")
    check_equal(counters(theirs, live), counters(ours, live), "counters")
    return counters(ours, live)


@case
def a_killed_kvm_guest_comes_out_with_the_registers_of_that_moment(the_lab):
    machine = start(the_lab, "kvm")
    before = wait_until_all_count(machine, the_lab)
    time.sleep(0.05)
    core = core_of_killed(machine, the_lab)
    after = both_ways(core, the_lab, live=True)
    check(all(new > old for new, old in zip(after, before)), "%s after %s: registers of the last dump", after, before)


@case
def gcore_of_a_running_kvm_guest_has_the_registers_of_that_moment(the_lab):
    machine = start(the_lab, "kvm")
    before = wait_until_all_count(machine, the_lab)
    time.sleep(0.05)
    core = core_by_gcore(machine, the_lab)
    after = both_ways(core, the_lab, live=True)
    check(all(new > old for new, old in zip(after, before)), "%s after %s: registers of the last dump", after, before)
    check_equal(machine.qmp("query-status")["status"], "running", "the guest after gcore")
    machine.dump(the_lab.path("later"))
    check(all(new > old for new, old in zip(counters(the_lab.path("later"), True), after)), "the guest stands still")


@case
def shared_memory_with_a_file_is_in_the_core_too(the_lab):
    machine = start(the_lab, "kvm" if kvm_works() else "synthetic", "-machine", "pc,memory-backend=ram", "-object",
                    "memory-backend-file,id=ram,size=32M,share=on,mem-path=%s" % the_lab.path("ram"))
    wait_until_all_count(machine, the_lab)
    machine.qmp("stop")
    machine.dump(the_lab.path("dump"))
    out, said = by_guestdump(core_of_killed(machine, the_lab), the_lab)
    check("warning" not in said, "it warns: %s", said)
    check_equal(difference(Elf(out), Elf(the_lab.path("dump"))), None, "difference from the dump")


@case
def a_stopped_guest_comes_out_of_its_core_as_out_of_a_dump(the_lab):
    machine = start(the_lab, "synthetic")
    wait_until_all_count(machine, the_lab)
    machine.qmp("stop")
    machine.dump(the_lab.path("dump"))
    core = core_of_killed(machine, the_lab)
    both_ways(core, the_lab, live=True)
    for fmt in ("elf", "kdump-zlib", "kdump-raw-zstd"):
        out, _ = by_guestdump(core, the_lab, fmt)
        the_lab.run(program("guestdump"), "compare", out, the_lab.path("dump"))
        the_lab.run(program("guestdump"), "verify", out)


def old_registers_are_told(the_lab, core_of):
    machine = start(the_lab, "synthetic")
    before = wait_until_all_count(machine, the_lab)
    time.sleep(0.05)
    core = core_of(machine, the_lab)
    out, said = by_guestdump(core, the_lab)
    check("those of the last stop or dump" in said, "it said: %s", said)
    check(all(new >= old for new, old in zip(counters(out, live=False), before)), "older registers than of the last dump")
    _, said = by_gdb(core, the_lab)
    check("those of the last stop or dump" in said, "gdb's command said: %s", said)


@case
def what_the_registers_are_is_told_where_they_are_old(the_lab):
    old_registers_are_told(the_lab, core_of_killed)


@case
def what_the_registers_are_is_told_of_gcores_core_too(the_lab):
    old_registers_are_told(the_lab, core_by_gcore)


@case
def info_says_what_a_core_is(the_lab):
    machine = start(the_lab, "kvm" if kvm_works() else "synthetic")
    wait_until_all_count(machine, the_lab)
    core = some_core(machine, the_lab)
    said = the_lab.run(program("guestdump"), "info", core)
    check("core of guestdump-vm" in said, "it said: %s", said)
    told = json.loads(the_lab.run(program("guestdump"), "info", "--json", core))
    check_equal(told["format"], "process-core", "format")
    check_equal(len(told["cpus"]), VCPUS, "vCPUs")
    check_equal(told["post-mortem"]["live-cpus"], VCPUS if kvm_works() else 0, "vCPUs with registers of that moment")


@case
def the_core_of_a_restored_linux_guest_gives_what_crash_opens(the_lab):
    need("crash")
    guest = linux_guest()
    machine = the_lab.vm("-restore", guest + "/ref.elf,load=on", cwd=the_lab.folder,
                         preexec_fn=may_dump_core)
    machine.qmp("query-status")
    core = core_of_killed(machine, the_lab)
    release = Elf(guest + "/ref.elf").vmcoreinfo()["OSRELEASE"]
    for out, _ in (by_guestdump(core, the_lab), by_guestdump(core, the_lab, "kdump-zstd"), by_gdb(core, the_lab)):
        check(release in the_lab.run("crash", "--osrelease", out), "crash does not know %s", out)
        the_lab.run(program("guestdump"), "compare", out, guest + "/ref.elf")
    os.unlink(core)


@case
def gdbs_command_leaves_out_what_guestdump_leaves_out(the_lab):
    need("gdb")
    guest = linux_guest()
    machine = the_lab.vm("-restore", guest + "/ref.elf,load=on", cwd=the_lab.folder, preexec_fn=may_dump_core)
    machine.qmp("query-status")
    machine.dump(the_lab.path("dump"), exclude=["zero", "cache", "cache-private", "user", "free"])
    gdb = ["gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT, "-p", machine.process.pid, "-ex"]
    command = "dump-guest-memory -d 31 %s X86_64" % the_lab.path("filtered")
    the_lab.run(*gdb, command, env={**os.environ, "GUESTDUMP": program("guestdump")})
    ours, gdbs = Elf(the_lab.path("dump")), Elf(the_lab.path("filtered"))
    check(sum(load.filesz for load in gdbs.loads) < 64 << 20, "nothing was left out: %s", gdbs.loads)
    check_equal(gdbs.ranges(), ours.ranges(), "memory in the file")
    check_equal(difference(gdbs, ours), None, "difference from the dump")
    said = the_lab.run(*gdb, command, status=1, env={**os.environ, "GUESTDUMP": the_lab.path("nothing")})
    check("-d needs the program '%s'" % the_lab.path("nothing") in said, "it said: %s", said)
    left = sorted(name for name in os.listdir(the_lab.folder) if name.startswith("filtered"))
    check_equal(left, ["filtered"], "files")


@case
def memory_that_was_kept_out_of_the_core_is_missed_in_words(the_lab):
    machine = start(the_lab, "synthetic", "-machine", "pc,dump-guest-core=off")
    core = core_of_killed(machine, the_lab)
    check(os.stat(core).st_blocks * 512 < 32 << 20, "the core has guest memory all the same")
    said = the_lab.run(program("guestdump"), "extract", core, the_lab.path("out"), status=2)
    check("none of the guest's" in said and "dump-guest-core=off" in said, "it said: %s", said)
    check(not os.path.exists(the_lab.path("out")), "there is a file")
    said = the_lab.run("gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT, "-ex", "core-file %s" % core,
                       "-ex", "dump-guest-memory %s" % the_lab.path("out"), status=1)
    check("dump-guest-core=off" in said, "gdb's command said: %s", said)


@case
def a_core_cut_short_gives_what_is_left_and_says_so(the_lab):
    machine = start(the_lab, "synthetic")
    machine.qmp("stop")
    core = core_of_killed(machine, the_lab)
    seen = set()
    size = os.path.getsize(core)
    for left in range(size, 0, -size // 40):
        os.truncate(core, left)
        said = the_lab.run(program("guestdump"), "extract", core, the_lab.path("out"), "--quiet", status=None)
        seen.add("whole" if not said else "warned" if "cut off" in said and "warning" in said else "refused")
        check(not said or "'%s'" % core in said or "the core is cut off" in said, "of 0x%x bytes it said: %s", left, said)
    check({"whole", "refused"} <= seen, "all cut cores were %s", seen)


@case
def a_live_process_is_dumped_by_gdb(the_lab):
    need("gdb")
    machine = start(the_lab, "kvm" if kvm_works() else "synthetic")
    before = wait_until_all_count(machine, the_lab)
    the_lab.run("gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT, "-p", machine.process.pid,
                "-ex", "dump-guest-memory %s X86_64" % the_lab.path("live"))
    after = counters(the_lab.path("live"), live=kvm_works())
    check(all(new >= old for new, old in zip(after, before)), "%s after %s", after, before)
    check_equal(machine.qmp("query-status")["status"], "running", "the guest afterwards")


@case
def gdbs_command_says_what_it_needs(the_lab):
    need("gdb")
    gdb = ["gdb", "-batch", "-nx", "-ex", "source %s" % SCRIPT]
    usage = "usage: dump-guest-memory [-d LEVEL] FILE [ARCH]"
    for command, answer in (("dump-guest-memory", usage), ("dump-guest-memory a X86_64 c", usage), ("dump-guest-memory -d 31", usage),
                            ("dump-guest-memory -d 32 a", "-d expects a level from 0 to 31, not '32'"),
                            ("dump-guest-memory -d all a", "-d expects a level from 0 to 31, not 'all'"),
                            ("dump-guest-memory a s390", "there is no architecture 's390'; guests of guestdump-vm are X86_64 or 386"),
                            ("dump-guest-memory " + the_lab.path("out"), "no core file and no process")):
        said = the_lab.run(*gdb, "-ex", command, status=1)
        check(answer in said, "'%s' said: %s", command, said)
    said = the_lab.run(*gdb, "-ex", "help dump-guest-memory")
    check("dump-guest-core" in said, "help says: %s", said)
    check(not os.path.exists(the_lab.path("out")), "there is a file")


if __name__ == "__main__":
    run_cases()
