#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The table in docs/formats.md that says which tool reads which file, against the tools."""
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import PYTHON, ROOT, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, run_cases  # noqa: E402
from vmcore import Elf  # noqa: E402

TITLE = "## Which tool reads which file"
BANNER = "Linux version "


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def table():
    """{file: {tool: "yes" or "no"}}: what the document says."""
    section = open(ROOT / "docs" / "formats.md").read().split(TITLE + "\n")[1].split("\n## ")[0]
    lines = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return {line[0]: dict(zip(lines[0][1:], line[1:])) for line in lines[2:]}


def by_crash(lab, path):
    commands = lab.path("commands")
    with open(commands, "w") as out:
        out.write("rd -a linux_banner\nlog\nquit\n")
    return lab.run("crash", "-s", "--minimal", "-i", commands, kernel_symbols(), path, status=None, timeout=300).count(BANNER) >= 2


def by_gdb(lab, path):
    said = lab.run("gdb", "-batch", "-nx", "-ex", "core-file " + path, "-ex", "info registers rip", status=None)
    return re.search(r"^rip +0xf{8}", said, re.M) is not None


def by_makedumpfile(lab, path):
    messages = path + ".messages"
    lab.run("makedumpfile", "--dump-dmesg", path, messages, status=None)
    found = os.path.exists(messages) and BANNER in open(messages, errors="replace").read()
    if os.path.exists(messages):
        os.unlink(messages)
    return found


def by_vmcore_dmesg(lab, path):
    return BANNER in lab.run("vmcore-dmesg", path, status=None)


READ_BY_LIBKDUMPFILE = """
import kdumpfile, sys
context = kdumpfile.kdumpfile(sys.argv[1])
sys.stdout.write(context.read(kdumpfile.KDUMP_MACHPHYSADDR, int(sys.argv[2]), 16).hex())
"""
READ_BY_DRGN = """
import drgn, sys
program = drgn.Program()
program.set_core_dump(sys.argv[1])
sys.stdout.write(program.read(int(sys.argv[2]), 16, True).hex())
"""


def reads(program):
    """A tool that prints 16 bytes of memory."""
    def read(lab, path):
        place = 0x1000000  # the kernel's image begins there, or above it
        with open(reference("ram.img"), "rb") as ram:
            ram.seek(place)
            return lab.run(PYTHON, "-c", program, path, place, status=None).endswith(ram.read(16).hex())
    return read


def by_volatility3(lab, path):
    """The rules by which volatility3 finds memory: segments are disjoint, and ascend by physical address."""
    del lab
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return False
    loads = Elf(path).loads
    return all(one.paddr + one.memsz <= following.paddr for one, following in zip(loads, loads[1:]))


TOOLS = {
    "crash": by_crash,
    "gdb": by_gdb,
    "makedumpfile": by_makedumpfile,
    "vmcore-dmesg": by_vmcore_dmesg,
    "libkdumpfile": reads(READ_BY_LIBKDUMPFILE),
    "drgn": reads(READ_BY_DRGN),
    "volatility3's rules": by_volatility3,
}
LEVEL_31 = ["zero", "cache", "cache-private", "user", "free"]


@case
def every_tool_reads_what_the_document_says(lab):
    need("crash", "gdb", "makedumpfile", "vmcore-dmesg")
    need_module("kdumpfile")
    need_module("drgn")
    said = table()
    machine = lab.vm("-restore", reference())
    found = {}
    for name in said:
        words = name.split()
        path = lab.path("core")
        machine.dump(path, fmt=words[0], paging="--paging" in words, **({"exclude": LEVEL_31} if "31" in words else {}))
        found[name] = {tool: "yes" if reader(lab, path) else "no" for tool, reader in TOOLS.items()}
        print("#", name, found[name], file=sys.stderr, flush=True)
        os.unlink(path)
    check(len(said) >= 14, "the table has %d lines", len(said))
    for name, row in said.items():
        check_equal(found[name], row, name)


run_cases()
