# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel running in QEMU, and the tools that open dumps of it."""
import os
import re
import subprocess
import time

from lab import PYTHON, ROOT, check, check_equal, need, need_module
from lab.round_guest import hang_up

RELEASE = {}


def boot_files():
    """Paths of a kernel and an initial file system."""
    need("busybox", "cpio")
    done = subprocess.run([ROOT / "scripts" / "make-linux-guest.sh", "--boot-files"], capture_output=True, text=True, timeout=900)
    check(done.returncode == 0, "make-linux-guest.sh: %s", done.stderr)
    folder = done.stdout.strip()
    return os.path.join(folder, "vmlinuz"), os.path.join(folder, "initramfs.cpio")


def wait_until_ready(console):
    """Returns when the guest says on its serial console that it is."""
    end = time.monotonic() + 120
    while "the guest is ready" not in (open(console, errors="replace").read() if os.path.exists(console) else ""):
        check(time.monotonic() < end, "the guest has not come up")
        time.sleep(0.1)


def boot(lab, *options, machine="q35,vmport=off", memory="256M", vcpus=2):
    """A QEMU in which Linux runs."""
    kernel, files = boot_files()
    console = lab.path("ram-console%d" % len(lab.children))
    qemu = lab.qemu("-machine", machine, "-m", memory, "-smp", str(vcpus), "-serial", "file:" + console, "-device", "vmcoreinfo",
                    "-kernel", kernel, "-initrd", files, "-append", "console=ttyS0 panic=1", *options)
    wait_until_ready(console)
    said = open(console, errors="replace").read()
    RELEASE[qemu.socket_path] = said.split("Linux version ")[1].split()[0]
    hang_up(qemu)
    return qemu


OPEN_WITH_DRGN = """
import drgn, sys
program = drgn.Program()
program.set_core_dump(sys.argv[1])
print(program.platform.arch.name, len(program.read(0x100000, 4096, True)))
"""


def check_readers(lab, path, form):
    """Fails unless the existing tools that read the format find Linux in the dump."""
    release = next(iter(RELEASE.values()))
    raw = form.startswith("kdump-raw-")
    if form == "vbox-core":
        return
    if form == "elf":
        need("gdb", "readelf")
        check("LOAD" in lab.run("readelf", "-lW", path), "readelf finds no memory")
        gdb = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "info threads", "-ex", "print $rip")
        check(re.search(r"^\* 1 .*^  2 ", gdb, re.M | re.S) and "$1 = " in gdb, "gdb: %s", gdb)
    need("crash", "makedumpfile")
    if form in ("elf", "kdump-raw-zlib", "kdump-raw-lzo", "kdump-zlib", "kdump-lzo"):
        check_equal(lab.run("crash", "--osrelease", path).strip().splitlines()[-1], release, "release by crash")
    if form in ("elf", "kdump-raw-zlib", "kdump-raw-lzo"):
        messages = path + ".messages"
        lab.run("makedumpfile", "--dump-dmesg", path, messages)
        check("Linux version " + release in open(messages, errors="replace").read(), "makedumpfile finds other messages")
        os.unlink(messages)
    if form == "elf" or raw:
        need_module("drgn")
        check_equal(lab.run(PYTHON, "-c", OPEN_WITH_DRGN, path).strip(), "X86_64 4096", "drgn")
