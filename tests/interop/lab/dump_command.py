# SPDX-License-Identifier: GPL-2.0-or-later
"""The command guestdump dump, and machines whose dump is slow enough for a test to act on it meanwhile."""
import os
import re
import subprocess
import time

from lab import check, linux_guest, program

# What the command says at its end: the file, the seconds, and for how many of them the guest stood still.
REPORT = re.compile(r"^(\S+): (?:[0-9.]+ [KMG]iB|[0-9]+ bytes|complete) in ([0-9.]+) s(?:, guest stopped for ([0-9.]+) s)?$", re.M)


def guestdump(lab, machine, *words, status=0):
    """Runs a command on @machine and returns its output."""
    return lab.run(program("guestdump"), words[0], "--qmp", machine.socket_path, *words[1:], status=status)


def restored(lab):
    machine = lab.vm("-restore", os.path.join(linux_guest(), "ref.elf"))
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    return machine


def running_qemu(lab, *options):
    machine = lab.qemu("-m", "1G", *options)
    wait_for(lambda: os.path.exists(machine.socket_path), "QEMU's monitor")
    return machine


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, "%s has not come", what)
        time.sleep(0.01)


def guest_status(lab, machine):
    return re.search(r"^guest: +(\S+)", guestdump(lab, machine, "status"), re.M).group(1)


def dumping(lab, machine, *words, stderr=subprocess.PIPE, **more):
    """A dump that has been started."""
    child = subprocess.Popen([program("guestdump"), "dump", "--qmp", machine.socket_path, *words],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True,
                             **more)
    lab.children.append(child)
    return child


def fill(lab, name, size):
    """A memory file with @size incompressible bytes, so that dumps of it are slow."""
    path = lab.path(name)
    block = os.urandom(8 << 20)
    with open(path, "wb") as out:
        for _ in range(size // len(block)):
            out.write(block)
    return path


def slow_machine(lab, *options, size=768 << 20):
    """A running guest whose dump takes seconds."""
    ram = fill(lab, "ram", size)
    machine = lab.vm("-machine", "pc,memory-backend=ram", "-accel", "synthetic", "-smp", "1",
                     "-object", "memory-backend-file,id=ram,size=%d,mem-path=%s,share=on" % (size, ram), *options)
    wait_for(lambda: os.path.exists(machine.socket_path), "the monitor")
    return machine


SLOW = ["--format", "kdump-zstd", "--level", "19", "--threads", "1", "--no-share-pages"]


def files(lab):
    """Files in the case's folder, except those of the test framework."""
    return sorted(name for name in os.listdir(lab.folder) if not name.startswith(("qmp", "errors", "ram", "fifo")))


def guest_dump(lab, child):
    """Returns "active" if the first plain line of a dump reports progress, else that line."""
    line = child.stderr.readline().decode()
    return "active" if "%" in line else line


def slow_dump(lab, machine):
    """A dump of a slow_machine() into `core` that has started."""
    child = dumping(lab, machine, *SLOW, lab.path("core"))
    wait_for(lambda: "active" in guest_dump(lab, child), "the dump")
    return child


def start_dump(lab, qemu, *words, **more):
    child = subprocess.Popen([program("guestdump"), "dump", "--qmp", qemu.socket_path, *words], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, **more)
    lab.children.append(child)
    return child
