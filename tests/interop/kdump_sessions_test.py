#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole sessions over a real Linux guest with its kernel's debug symbols: every kdump format tells crash and drgn what the ELF does."""
import concurrent.futures
import itertools
import os
import re

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, run_cases, sanitized

COMPRESSIONS = ("zlib", "lzo", "snappy", "zstd")
RAW = ["kdump-raw-" + name for name in COMPRESSIONS]
FLATTENED = ["kdump-" + name for name in COMPRESSIONS]

# Each kind of thing that crash looks up: registers and stacks, the log's ring, page tables (for modules), struct pages, lists,
# memory by virtual and by physical address.
SESSION = """sys
ps
bt -a
log
mod
kmem -i
list task_struct.tasks -S task_struct.pid -h init_task
rd linux_banner 16
rd -p 1000 64
quit
"""


def reference():
    return os.path.join(linux_guest(), "ref.elf")


def dumps(lab, formats):
    machine = lab.vm("-restore", reference())
    for name in formats:
        machine.dump(lab.path(name), fmt=name)
    return {name: lab.path(name) for name in formats}


@case
def crash_gives_the_same_answers_as_from_qemus_elf(lab):
    need("crash")
    vmlinux, commands = kernel_symbols(), lab.path("commands")
    with open(commands, "w") as out:
        out.write(SESSION)

    def session(path):
        # The name of the file differs; it is said to be a partial dump, for its zero pages count as excluded (dump_level 1).
        return re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", commands, vmlinux, path, timeout=300))

    # It spends its seconds with the symbols, one processor each; a sanitizer sees nothing of it.
    formats = ["kdump-raw-zstd", "kdump-zlib"] if sanitized() else RAW + FLATTENED
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as sessions:
        said = dict(zip(["QEMU's ELF", *formats],
                        sessions.map(session, [reference(), *dumps(lab, formats).values()])))
    expected = said.pop("QEMU's ELF")
    for part in ("RELEASE: ", "[swapper/0]", "Linux version ", "qemu_fw_cfg", "TOTAL MEM", "  pid = 1\n"):
        check(part in expected, "crash says nothing of %r: %s", part, expected)
    for name, answers in said.items():
        differing = [pair for pair in itertools.zip_longest(answers.splitlines(), expected.splitlines()) if pair[0] != pair[1]]
        check(not differing, "of %s crash prints, and of QEMU's ELF, %s", name, differing[:5])


TASKS_BY_DRGN = """
import drgn, sys
from drgn.helpers.linux.pid import for_each_task
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
for task in for_each_task(program):
    print(task.pid.value_(), task.comm.string_().decode(), task.mm.value_(), task.on_cpu.value_())
"""


@case
def drgn_lists_the_same_tasks_as_from_our_elf(lab):
    need_module("drgn")
    vmlinux = kernel_symbols()
    tasks = {name: lab.run(PYTHON, "-c", TASKS_BY_DRGN, path, vmlinux, timeout=300)
             for name, path in dumps(lab, ["elf", *RAW]).items()}
    names = [line.split()[1] for line in tasks["elf"].splitlines()]
    check_equal(names[:2], ["init", "kthreadd"], "the first tasks")
    check_equal(names.count("sh"), 3, "the shells that the guest started")
    for name in RAW:
        check_equal(tasks[name], tasks["elf"], "the tasks of " + name)


run_cases()
