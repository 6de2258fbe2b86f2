#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Unmodified libvirt drives guestdump-vm as it drives QEMU, from probing the emulator to the domain's end."""
import os
import re
import subprocess
import time

from lab import ROOT, Skip, case, check, check_equal, kvm_works, need, program, run_cases
from lab.counting_guest import COUNTERS, IMAGE, check_counters, counter_image
from lab.private_libvirt import Libvirt, wait_for
from kdump import Kdump
from vmcore import Elf

try:
    import kdumpfile
except ImportError:
    kdumpfile = None

VCPUS, MIB = 2, 64
FORMATS = ("elf", "kdump-zlib", "kdump-lzo", "kdump-snappy")
DOMAIN = """<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>guest</name>
  <memory unit='MiB'>%d</memory>
  %s
  <vcpu>%d</vcpu>
  <os><type arch='x86_64' machine='%s'>hvm</type></os>
  <features><acpi/></features>
  <on_crash>preserve</on_crash>
  <devices>
    <emulator>%s</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='%s'/></serial>
    <memballoon model='none'/>
    <audio id='1' type='none'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-device'/><qemu:arg value='loader,file=%s,addr=0x%x'/>
  </qemu:commandline>
</domain>
"""
# libvirt turns a domain's memory configuration into -object options.
SHARED_MEMORY = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"


class Reassembled(Elf):
    """A flattened kdump file: makedumpfile reassembles it, libkdumpfile reads its pages, and our reader its notes."""

    def __init__(self, lab, path):
        whole = lab.path("reassembled")
        with open(path, "rb") as flattened:
            subprocess.run(["makedumpfile", "-R", whole], stdin=flattened, capture_output=True, timeout=60, check=True)
        self.kdump, self.pages = Kdump(whole), kdumpfile.kdumpfile(whole)
        os.unlink(whole)

    @property
    def note_bytes(self):
        return self.kdump.notes()

    def read(self, gpa, size):
        return bytes(self.pages.read(kdumpfile.KDUMP_MACHPHYSADDR, gpa, size))


def domain_xml(lab, kind, machine, memory):
    return DOMAIN % (kind, MIB, memory, VCPUS, machine, program("guestdump-vm"), lab.path("serial"), counter_image(), IMAGE)


def documented_xml(lab):
    """The domain in docs/monitor.md, with paths that exist here."""
    text = (ROOT / "docs" / "monitor.md").read_text()
    xml = text[text.index("<domain "):text.index("</domain>")] + "</domain>\n"
    for example, path in (("/usr/local/bin/guestdump-vm", program("guestdump-vm")), ("/var/log/guest-serial", lab.path("serial")),
                          ("/var/lib/guests/counter.bin", counter_image())):
        check_equal(xml.count(example), 1, "how often the documented domain names %s" % example)
        xml = xml.replace(example, str(path))
    return xml


class Domain:
    """A domain from XML, whose vCPUs count."""

    def __init__(self, lab, kind, xml):
        need("makedumpfile")
        if not kdumpfile:
            raise Skip("python3-kdumpfile is not installed")
        if kind == "kvm" and not kvm_works():
            raise Skip("/dev/kvm does not work here")
        self.lab, self.virsh = lab, Libvirt(lab)
        self.path, self.description = lab.path("vmcore"), lab.path("guest.xml")
        with open(self.description, "w") as file:
            file.write(xml)
        self.create()

    def create(self):
        self.virsh("create", self.description)
        self.emulator = self.virsh.emulator("guest")
        wait_for(self._all_count, "the vCPUs to count")

    def _all_count(self):
        self.virsh("dump", "guest", self.path, "--memory-only")
        vmcore = Elf(self.path)
        return vmcore.machine == 62 and all(vmcore.read(COUNTERS + 64 * cpu, 8) != bytes(8) for cpu in range(VCPUS))

    def dump(self, *options):
        return self.virsh("dump", "guest", self.path, "--memory-only", *options)

    def state(self):
        return self.virsh("domstate", "guest", "--reason").strip()

    def check_vmcore(self, fmt="elf"):
        """Opens the last dump, compares registers with memory, and removes the file. Returns the counters."""
        vmcore = Elf(self.path) if fmt == "elf" else Reassembled(self.lab, self.path)
        os.unlink(self.path)
        return check_counters(vmcore, VCPUS)

    def check_runs_without_pipes(self, what):
        """libvirt's io helper waits for the end of the pipe as long as any process has the other end open."""
        check_equal(self.state().split()[0], "running", "state after " + what)
        folder = "/proc/%d/fd" % self.emulator
        links = [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]
        check_equal([link for link in links if link.startswith("pipe:")], [], "pipes after " + what)

    def check_gone(self):
        wait_for(lambda: not os.path.exists("/proc/%d" % self.emulator), "the emulator to end")
        check("guest" not in self.virsh("list", "--all"), "the domain is still there")


def dump_in_every_format(domain):
    last = [0] * VCPUS
    for fmt in FORMATS:
        said = domain.dump("--format", fmt, "--verbose")
        check("Dump: [100 %]" in said, "virsh dump --verbose says %r", said)
        now = domain.check_vmcore(fmt)
        check(all(new > old for new, old in zip(now, last)), "%s: %s after %s", fmt, now, last)
        domain.check_runs_without_pipes("a dump in " + fmt)
        last = now


def progress_during_a_dump(domain):
    os.mkfifo(domain.path)  # a disk that accepts nothing until the test reads
    disk = os.open(domain.path, os.O_RDONLY | os.O_NONBLOCK)
    dumping = domain.virsh.begin("dump", "guest", domain.path, "--memory-only")
    wait_for(lambda: "Memory remaining" in domain.virsh("domjobinfo", "guest"), "domjobinfo to tell of the dump")
    told = domain.virsh("domjobinfo", "guest")
    check(re.search(r"^Operation: +Dump", told, re.M), "domjobinfo says %r", told)
    check_equal(domain.state(), "paused (dumping)", "state during a dump")
    os.set_blocking(disk, True)
    with open(disk, "rb") as file, open(domain.path + ".read", "wb") as copy:
        while part := file.read(1 << 20):
            copy.write(part)
    check_equal(dumping.wait(60), 0, "exit status of virsh dump")
    os.rename(domain.path + ".read", domain.path)
    domain.check_vmcore()
    domain.check_runs_without_pipes("a slow dump")


def dumps_that_fail(domain):
    small = domain.virsh.folder / "small" / "vmcore"
    said = domain.virsh.refuses("dump", "guest", small, "--memory-only")
    check("No space left on device" in said, "on a full disk virsh says %r", said)
    domain.check_runs_without_pipes("a dump onto a full disk")
    said = domain.virsh.refuses("dump", "guest", "/no/such/folder/vmcore", "--memory-only")
    check("No such file or directory" in said, "of a bad path virsh says %r", said)
    domain.check_runs_without_pipes("a dump to a bad path")


def live_dump(domain):
    domain.dump("--live")
    domain.check_vmcore()
    domain.check_runs_without_pipes("a live dump")


def restart_of_libvirtd(domain):
    domain.virsh.kill()
    domain.virsh.start()
    domain.check_runs_without_pipes("a restart of libvirtd")
    domain.dump()
    domain.check_vmcore()


def end_by_a_dump(domain):
    domain.create()
    domain.dump("--crash")
    domain.check_vmcore()
    domain.check_gone()


def what_means_nothing_is_told_once(domain):
    told = re.findall("^guestdump-vm: options accepted but ignored:.*", domain.virsh.emulator_log("guest"), re.M)
    check_equal(len(told), 1, "lines that name ignored options")
    for option in ("-overcommit", "-no-shutdown", "-boot", "-device isa-serial", "-audiodev"):
        check(option in told[0], "%r lacks %s", told[0], option)


def whole_life(lab, kind, machine, memory=""):
    domain = Domain(lab, kind, domain_xml(lab, kind, machine, memory))
    domain.check_runs_without_pipes("the start")
    with open("/proc/%d/status" % domain.emulator) as status:
        check("Seccomp:\t2" in status.read(), "libvirt's domain is not in the sandbox")
    accelerator = domain.virsh("qemu-monitor-command", "guest", "--hmp", "info kvm")
    check_equal("enabled" in accelerator, kind == "kvm", "whether KVM runs the vCPUs")
    what_means_nothing_is_told_once(domain)
    check_equal("memory-backend-memfd" in domain.virsh.emulator_log("guest"), bool(memory), "whether RAM is shared")
    for part in (dump_in_every_format, progress_during_a_dump, live_dump, dumps_that_fail, restart_of_libvirtd):
        begin = time.monotonic()
        part(domain)
        print("# %s: %.1f s" % (part.__name__, time.monotonic() - begin))
    domain.virsh("destroy", "guest")
    domain.check_gone()
    end_by_a_dump(domain)


@case
def documented_domain_is_created_and_dumped(lab):
    domain = Domain(lab, "qemu", documented_xml(lab))
    domain.dump()
    domain.check_vmcore()
    said = re.findall("^guestdump-vm: -accel tcg: .*", domain.virsh.emulator_log("guest"), re.M)
    check_equal(len(said), 1, "lines about tcg in the log")
    domain.virsh("destroy", "guest")
    domain.check_gone()


@case
def domain_of_a_pc_lives_on_synthetic(lab):
    whole_life(lab, "qemu", "pc")


@case
def domain_of_a_q35_lives_on_synthetic(lab):
    whole_life(lab, "qemu", "q35", SHARED_MEMORY)


@case
def domain_of_a_pc_lives_on_kvm(lab):
    whole_life(lab, "kvm", "pc")


@case
def domain_of_a_q35_lives_on_kvm(lab):
    whole_life(lab, "kvm", "q35", SHARED_MEMORY)


run_cases()
