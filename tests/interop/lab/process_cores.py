# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores of the emulator itself, which somebody whose machine has crashed is left with."""
import os
import resource
import signal

from lab import Skip, check, check_equal, need, sanitized


def may_dump_core():
    """For preexec_fn: this process leaves a core when it is killed, in the folder where it runs."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def kernel_writes_cores_here():
    """Skips the case where it does not."""
    pattern = open("/proc/sys/kernel/core_pattern").read().strip()
    if pattern.startswith("|") or "/" in pattern:
        raise Skip("core_pattern is %s" % pattern)


def core_of_killed(machine, lab):
    """The core that the kernel writes of a machine that gets SIGABRT; begun with may_dump_core() in the case's folder."""
    kernel_writes_cores_here()
    os.kill(machine.process.pid, signal.SIGABRT)
    check_equal(machine.process.wait(60), -signal.SIGABRT, "how it ended")
    cores = [file for file in lab.folder.iterdir() if file.name.startswith("core")]
    check(len(cores) == 1, "cores: %s", cores)
    return str(cores[0])


def core_by_gcore(machine, lab):
    """The core that gdb writes of a machine, which goes on."""
    need("gcore")
    if sanitized():
        raise Skip("gcore writes the terabytes of addresses that a sanitizer keeps free into the core; the kernel does not")
    lab.run("gcore", "-o", lab.path("gcore"), machine.process.pid)
    return lab.path("gcore.%d" % machine.process.pid)


def some_core(machine, lab):
    """By gcore, which every kernel allows; by the kernel where a sanitizer does not allow gcore. The machine may be gone."""
    return core_of_killed(machine, lab) if sanitized() else core_by_gcore(machine, lab)
