#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole sessions on a real Linux guest with its debug symbols: crash and drgn print the same for kdump files as for ELF, and drgn
for filtered files as for whole ones.

Loading the symbols takes a processor 8 seconds per session, so the sessions share the formats among them: each
compression once, raw files and flattened ones, and filtered files of both kinds. kdump_linux_test.py compares the pages of
every format, page_states_test.py those of filtered files.
"""
import concurrent.futures
import itertools
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, run_cases  # noqa: E402

# Formats; after a name, "-d 31" leaves out what makedumpfile leaves out on this level.
FORMATS_FOR_CRASH = ["kdump-raw-zlib", "kdump-lzo -d 31", "kdump-raw-snappy", "kdump-zstd", "elf -d 31"]
FORMATS_FOR_DRGN = ["kdump-raw-lzo", "kdump-raw-zstd -d 31", "elf -d 31"]
LEVEL_31 = ["zero", "cache", "cache-private", "user", "free"]

# Everything that crash looks up: registers and stacks, the log's ring, page tables (for modules), struct pages, lists,
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
        machine.dump(lab.path(name), fmt=name.split()[0], **({"exclude": LEVEL_31} if name.endswith("-d 31") else {}))
    return {name: lab.path(name) for name in formats}


@case
def crash_gives_the_same_answers_as_from_qemus_elf(lab):
    need("crash")
    vmlinux, commands = kernel_symbols(), lab.path("commands")
    with open(commands, "w") as out:
        out.write(SESSION)

    def session(path):
        # The file's name differs. crash calls it a partial dump, because pages are excluded, zero pages at least.
        return re.sub(r"DUMPFILE:.*\n", "", lab.run("crash", "-s", "-i", commands, vmlinux, path, timeout=300))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as sessions:
        said = dict(zip(["QEMU's ELF", *FORMATS_FOR_CRASH],
                        sessions.map(session, [reference(), *dumps(lab, FORMATS_FOR_CRASH).values()])))
    expected = said.pop("QEMU's ELF")
    for part in ("RELEASE: ", "[swapper/0]", "Linux version ", "qemu_fw_cfg", "TOTAL MEM", "  pid = 1\n"):
        check(part in expected, "crash says nothing of %r: %s", part, expected)
    for name, answers in said.items():
        differing = [pair for pair in itertools.zip_longest(answers.splitlines(), expected.splitlines()) if pair[0] != pair[1]]
        check(not differing, "of %s crash prints, and of QEMU's ELF, %s", name, differing[:5])


# A line for each task, and one for each frame of its stack unless it runs.
TASKS_BY_DRGN = """
import drgn, sys
from drgn.helpers.linux.pid import for_each_task
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
for task in for_each_task(program):
    print("task", task.comm.string_().decode(), task.pid.value_(), task.mm.value_(), task.on_cpu.value_())
    for frame in program.stack_trace(task) if not task.on_cpu else ():
        if frame.pc < 1 << 63:
            break  # in user space
        print("frame", frame)
"""


@case
def drgn_lists_the_same_tasks_and_stacks_as_from_our_elf(lab):
    need_module("drgn")
    vmlinux = kernel_symbols()
    tasks = {name: lab.run(PYTHON, "-c", TASKS_BY_DRGN, path, vmlinux, timeout=300)
             for name, path in dumps(lab, ["elf", *FORMATS_FOR_DRGN]).items()}
    names = [line.split()[1] for line in tasks["elf"].splitlines() if line.startswith("task ")]
    check_equal(names[:2], ["init", "kthreadd"], "the first tasks")
    check_equal(names.count("sh"), 3, "the shells that the guest started")
    check(tasks["elf"].count("\nframe ") > 200, "there are few frames: %s", tasks["elf"])
    for name in FORMATS_FOR_DRGN:
        check_equal(tasks[name], tasks["elf"], "the tasks and stacks of " + name)


run_cases()
