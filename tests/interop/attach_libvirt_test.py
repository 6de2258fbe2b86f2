#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump --domain: real QEMU guests under a real libvirtd, dumped by our own engine; their states are as before."""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

from lab import case, check, check_equal, need, program, run_cases
from lab.dump_command import wait_for
from lab.live_linux import boot_files, wait_until_ready
from lab.private_libvirt import Libvirt
from vmcore import Elf, difference

KILLS = int(os.environ.get("ATTACH_KILLS", "30")) // 3
DOMAIN = """<domain type='qemu'>
  <name>%(name)s</name>
  <memory unit='MiB'>256</memory>
  %(memory)s
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='%(machine)s'>hvm</type><kernel>%(kernel)s</kernel><initrd>%(initrd)s</initrd>
    <cmdline>console=ttyS0 panic=1</cmdline></os>
  <features><acpi/><vmcoreinfo state='on'/></features>
  <on_crash>preserve</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='%(console)s'/></serial>
    <memballoon model='none'/>
    <audio id='1' type='none'/>
  </devices>
</domain>
"""
MEMFD = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
REPORT = re.compile(r"^\S+: \S+ \S+ in [0-9.]+ s(, guest stopped for [0-9.]+ s)?$", re.M)


def inside(libvirt, *words):
    """A command in the namespaces of a private libvirtd, where its sockets and its processes are the system's."""
    return ["nsenter", "--target", str(libvirt.init), "--mount", "--net", "--pid", "--", program("guestdump"), *map(str, words)]


def guestdump(libvirt, *words, **more):
    return libvirt.lab.run(*inside(libvirt, *words), **more)


def start_domain(libvirt, name="lin", memory="", machine="q35"):
    kernel, initrd = boot_files()
    console, xml = libvirt.lab.path("console-" + name), libvirt.lab.path(name + ".xml")
    with open(xml, "w") as out:
        out.write(DOMAIN % {"name": name, "memory": memory, "machine": machine, "kernel": kernel, "initrd": initrd,
                            "console": console})
    libvirt("create", xml)
    wait_until_ready(console)


def state(libvirt, name="lin"):
    return libvirt("domstate", name, "--reason").strip()


def check_same_as_libvirts(libvirt, name):
    """Of a domain that stands still, by either."""
    lab = libvirt.lab
    guestdump(libvirt, "dump", "--domain", name, lab.path("ours"))
    libvirt("dump", "--memory-only", name, lab.path("libvirts"))
    ours, other = Elf(lab.path("ours")), Elf(lab.path("libvirts"))
    check_equal(difference(ours, other), None, "difference from virsh dump's")
    check_equal(ours.note_bytes, other.note_bytes, "notes")
    os.unlink(lab.path("ours"))


@case
def a_domain_is_dumped_running_and_paused_and_is_then_as_before(lab):
    libvirt = Libvirt(lab)
    daemon = libvirt.pid
    start_domain(libvirt)
    start_domain(libvirt, "second", MEMFD, "pc")
    for name in ("lin", "second"):
        before = state(libvirt, name)
        for form in ("elf", "kdump-zlib", "kdump-raw-zstd"):
            said = guestdump(libvirt, "dump", "--domain", name, "--format", form, lab.path("core"))
            check("guest stopped for" in REPORT.search(said).group(0), "it says: %s", said)
            check("good" in guestdump(libvirt, "verify", lab.path("core")), "verify finds faults")
            check("running" in before and "running" in state(libvirt, name), "the domain was %s, and is %s", before, state(libvirt, name))
        libvirt("suspend", name)
        before = state(libvirt, name)
        said = guestdump(libvirt, "dump", "--domain", name, lab.path("core"))
        check(REPORT.search(said) and "stopped for" not in said, "of a paused domain it says: %s", said)
        check_equal(state(libvirt, name).split()[0], before.split()[0], "the paused domain's state")
        check_same_as_libvirts(libvirt, name)
        libvirt("resume", name)
    check_equal(libvirt.pid, daemon, "libvirtd's process")
    check(os.path.exists("/proc/%d" % libvirt.pid) and libvirt.entering.poll() is None, "libvirtd has died")


def capabilities(libvirt):
    """Names of the migration capabilities that are on."""
    said = json.loads(libvirt("qemu-monitor-command", "lin", '{"execute": "query-migrate-capabilities"}'))
    return [one["capability"] for one in said["return"] if one["state"]]


@case
def a_running_domain_is_dumped_live_and_goes_on_when_guestdump_is_killed(lab):
    libvirt = Libvirt(lab)
    start_domain(libvirt)
    said = guestdump(libvirt, "dump", "--domain", "lin", "--live=force", lab.path("core"))
    check("guest stopped for" in said, "it says: %s", said)
    check("live" in json.loads(guestdump(libvirt, "info", "--json", lab.path("core"))), "the note does not say that it was live")
    check("good" in guestdump(libvirt, "verify", lab.path("core")), "verify finds faults")
    check("running" in state(libvirt), "state: %s", state(libvirt))
    os.unlink(lab.path("core"))
    for delay in (0.3, 0.8):
        child = subprocess.Popen(inside(libvirt, "dump", "--domain", "lin", "--live=force", lab.path("core")), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)
        wait_for(lambda: "running" in state(libvirt) and "background-snapshot" not in capabilities(libvirt), "QEMU as it was before", 30)
        check(not os.path.exists(lab.path("core")), "a file is there")
    guestdump(libvirt, "dump", "--domain", "lin", "--live=force", lab.path("core"))


@case
def a_live_dump_to_a_slow_disk_is_not_cut_off_by_libvirtd(lab):
    """By default libvirtd closes the connection of a client that has not answered for 30 s: here after 3."""
    libvirt = Libvirt(lab, daemon_options="keepalive_interval = 1\nkeepalive_count = 2\n")
    start_domain(libvirt)
    slow_disk = pathlib.Path(program("guestdump")).parents[1] / "tests/interop/libslow_disk.so"
    said = guestdump(libvirt, "dump", "--domain", "lin", "--live=force", lab.path("core"),
                     env=dict(os.environ, LD_PRELOAD=str(slow_disk), SLOW_DISK="8"))
    check("guest stopped for" in said and "warning" not in said, "it says: %s", said)
    check("live" in json.loads(guestdump(libvirt, "info", "--json", lab.path("core"))), "the note does not say that it was live")


@case
def info_tells_of_a_domain(lab):
    libvirt = Libvirt(lab)
    start_domain(libvirt)
    info = json.loads(guestdump(libvirt, "info", "--domain", "lin", "--json"))
    check_equal((info["format"], info["filename"], len(info["cpus"])), ("machine", "lin", 2), "what it tells")
    check("Linux" in guestdump(libvirt, "info", "--domain", "lin"), "the text does not tell of Linux")
    for words, told in ((["report"], "state:       running"), (["log"], "Linux version"), (["ps"], "kthreadd"),
                        (["bt", "2"], "kthreadd+")):
        said = guestdump(libvirt, *words, "--domain", "lin", "--time-limit", "60")
        check(told in said, "%s says: %s", words, said)
    check("running" in state(libvirt), "state: %s", state(libvirt))


@case
def a_killed_guestdump_leaves_a_running_domain(lab):
    libvirt = Libvirt(lab)
    start_domain(libvirt)
    dice = random.Random(20)
    for number in range(KILLS):
        child = subprocess.Popen(inside(libvirt, "dump", "--domain", "lin", "--format", "kdump-zstd", "--level", "12", lab.path("core")),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(dice.uniform(0.05, 1.2))
        os.killpg(child.pid, signal.SIGKILL if number % 2 == 0 else signal.SIGINT)
        child.wait(30)
        wait_for(lambda: "running" in state(libvirt), "the running domain", 5)
        if os.path.exists(lab.path("core")):
            os.unlink(lab.path("core"))
    said = guestdump(libvirt, "dump", "--domain", "lin", lab.path("core"))
    check(REPORT.search(said), "it says: %s", said)


@case
def what_cannot_be_dumped_is_refused_by_name(lab):
    libvirt = Libvirt(lab)
    start_domain(libvirt)
    for words, said in ((["--domain", "nobody"], "no domain with matching name 'nobody'"),
                        (["--domain", "lin", "--by-machine"], "--by-machine is for --qmp"),
                        (["--domain", "lin", "--qmp", "/q"], "name two machines"),
                        (["--qmp", "/q", "--connect", "qemu:///system"], "--connect is for --domain"),
                        (["--domain", "lin", "--connect", "test:///default"], "domain 'lin': libvirt: Domain not found"),
                        (["--domain", "test", "--connect", "test:///default"], "no libvirt of QEMU guests"),
                        (["--domain", "lin", "--connect", "nonsense:///"], "libvirt: ")):
        found = guestdump(libvirt, "dump", *words, lab.path("core"), status=2)
        check(said in found, "%s: it says: %s", words, found)
    # From outside of its namespaces the domain's process has another number.
    uri = "qemu+unix:///system?socket=%s" % (libvirt.folder / "run" / "libvirt-sock")
    found = lab.run(program("guestdump"), "dump", "--domain", "lin", "--connect", uri, lab.path("core"), status=2)
    check("is not seen from here: another PID namespace?" in found, "from outside: %s", found)
    libvirt("destroy", "lin")
    found = guestdump(libvirt, "dump", "--domain", "lin", lab.path("core"), status=2)
    check("no domain with matching name 'lin'" in found, "a domain that has ended: %s", found)
    check(not os.path.exists(lab.path("core")), "a file is there")


need("virsh", "nsenter", "qemu-system-x86_64")
run_cases()
