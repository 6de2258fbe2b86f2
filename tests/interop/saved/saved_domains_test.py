#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that libvirt saved, read as vmcores: the memory and the notes of libvirt's own memory-only dump of the same domain."""
import os
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import case, check, check_equal, need, program, run_cases  # noqa: E402
from lab.live_linux import boot_files, wait_until_ready  # noqa: E402
from lab.private_libvirt import Libvirt  # noqa: E402
from vmcore import Elf, difference  # noqa: E402

MIB = 1 << 20
DIMM = "<memory model='dimm'><target><size unit='MiB'>%d</size><node>0</node></target></memory>"
DOMAIN = """<domain type='qemu'>
  <name>lin</name>
  <maxMemory slots='4' unit='GiB'>1</maxMemory>
  <memory unit='MiB'>352</memory>
  <vcpu>2</vcpu>
  <cpu><numa><cell id='0' cpus='0' memory='128' unit='MiB'/><cell id='1' cpus='1' memory='96' unit='MiB'/></numa></cpu>
  <os><type arch='x86_64' machine='%(machine)s'>hvm</type><kernel>%(kernel)s</kernel><initrd>%(initrd)s</initrd>
    <cmdline>console=ttyS0 panic=1</cmdline></os>
  <features><acpi/><vmcoreinfo state='on'/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='%(console)s'/></serial>
    <video><model type='vga'/></video>
    <memballoon model='none'/>
    <audio id='1' type='none'/>
    %(dimms)s
  </devices>
</domain>
"""
# As libvirt numbers them in the header; zstd came later.
PACKERS = {1: ["gzip", "-1"], 2: ["bzip2", "-1"], 3: ["xz", "-0"], 4: ["lzop", "-1"], 5: ["zstd", "-1", "-q"]}


def guestdump(lab, *words, **more):
    return lab.run(program("guestdump"), *words, **more)


def start(libvirt, machine):
    kernel, initrd = boot_files()
    console, xml = libvirt.lab.path("console"), libvirt.lab.path("lin.xml")
    with open(xml, "w") as out:
        out.write(DOMAIN % {"machine": machine, "kernel": kernel, "initrd": initrd, "console": console,
                            "dimms": DIMM % 96 + DIMM % 32})
    libvirt("create", xml)
    wait_until_ready(console)
    libvirt("suspend", "lin")


def check_equals(lab, path, reference, wrapping):
    told = guestdump(lab, "info", path)
    check(wrapping in told, "info: %s", told)
    guestdump(lab, "convert", "--quiet", path, path + ".elf")
    ours, other = Elf(path + ".elf"), Elf(reference)
    check_equal(difference(ours, other), None, "difference of %s" % os.path.basename(path))
    check_equal(ours.note_bytes, other.note_bytes, "notes of %s" % os.path.basename(path))
    os.unlink(path + ".elf")


def packed_again(lab, path, number):
    """The saved file as libvirt writes it with another save_image_format."""
    with open(path, "rb") as file:
        image = file.read()
    size, = struct.unpack_from("<I", image, 20)
    with open(lab.path("plain"), "wb") as out:
        out.write(image[92 + size:])
    with open(lab.path("packed"), "wb") as out:
        out.write(image[:28] + struct.pack("<I", number) + image[32:92 + size])
    lab.run("sh", "-c", '"$@" -c < %s >> %s' % (lab.path("plain"), lab.path("packed")), "sh", *PACKERS[number])
    return lab.path("packed")


@case
def a_saved_domain_with_numa_nodes_dimms_and_video_memory_equals_libvirts_memory_only_dump(lab):
    need(*(packer[0] for packer in PACKERS.values()))
    libvirt = Libvirt(lab)
    start(libvirt, "pc")
    libvirt("dump", "--memory-only", "lin", lab.path("reference"))
    libvirt("save", "lin", lab.path("saved"))
    reference = Elf(lab.path("reference"))
    check(sum(size for _, size in reference.ranges()) > 352 * MIB, "no DIMM or no video memory: %s", reference.ranges())
    check("OSRELEASE" in reference.vmcoreinfo(), "libvirt's dump has no VMCOREINFO")
    check_equals(lab, lab.path("saved"), lab.path("reference"), "(libvirt save image)")
    for number, packer in PACKERS.items():
        path = packed_again(lab, lab.path("saved"), number)
        check(", %s)" % packer[0] in guestdump(lab, "info", path), "info does not name %s", packer[0])
        guestdump(lab, "compare", "--quiet", lab.path("saved"), path)


@case
def a_dump_that_is_not_memory_only_is_compressed_by_libvirt_and_read_except_for_dimms_of_unknown_address(lab):
    need("lzop")
    libvirt = Libvirt(lab, more_options='dump_image_format = "lzop"\n')
    start(libvirt, "q35")
    libvirt("dump", "lin", lab.path("dumped"))
    said = guestdump(lab, "convert", lab.path("dumped"), lab.path("out"), status=2)
    check("'memdimm0', 'memdimm1'" in said, "convert: %s", said)
    told = guestdump(lab, "info", lab.path("dumped"))
    check("QEMU migration stream of machine type pc-q35-7.2 (lzop)" in told, "info: %s", told)
    check("Linux version" in guestdump(lab, "log", lab.path("dumped")), "the kernel's log is not found")


if __name__ == "__main__":
    run_cases()
