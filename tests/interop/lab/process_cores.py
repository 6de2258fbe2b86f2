# SPDX-License-Identifier: GPL-2.0-or-later
"""Cores of the emulator itself, for recovering the guest of a machine that has crashed."""
import os
import resource
import signal

from lab import Skip, check, check_equal, need, sanitized


def may_dump_core():
    """For preexec_fn: this process writes a core when it is killed, into the folder where it runs."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def kernel_writes_cores_here():
    """Skips the case if the kernel does not."""
    pattern = open("/proc/sys/kernel/core_pattern").read().strip()
    if pattern.startswith("|") or "/" in pattern:
        raise Skip("core_pattern is %s" % pattern)


def core_of_killed(machine, lab):
    """The kernel's core of a machine after SIGABRT; start the machine with may_dump_core() in the case's folder."""
    kernel_writes_cores_here()
    os.kill(machine.process.pid, signal.SIGABRT)
    check_equal(machine.process.wait(60), -signal.SIGABRT, "how it ended")
    cores = [file for file in lab.folder.iterdir() if file.name.startswith("core")]
    check(len(cores) == 1, "cores: %s", cores)
    return str(cores[0])


def core_by_gcore(machine, lab):
    """The core that gdb writes of a machine, which continues."""
    need("gcore")
    if sanitized():
        raise Skip("gcore writes the terabytes of addresses that a sanitizer keeps free into the core; the kernel does not")
    lab.run("gcore", "-o", lab.path("gcore"), machine.process.pid)
    return lab.path("gcore.%d" % machine.process.pid)


def some_core(machine, lab):
    """A core from gcore, which every kernel allows, or the kernel's if a sanitizer forbids gcore. The machine may end."""
    return core_of_killed(machine, lab) if sanitized() else core_by_gcore(machine, lab)
