#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What guestdump says of a Linux guest from its memory alone, against makedumpfile and against drgn with the real debug symbols.

GUEST_KERNEL is the Debian package of another kernel than Debian's own, and GUEST_SYMBOLS the vmlinux file with its debug symbols.
Debian's drgn 0.0.22 does not know the ORC tables of 6.4 and later: DRGN_PYTHON is a python that has a newer one.
"""
import json
import os
import re
import struct
import subprocess

from lab import PYTHON, case, check, check_equal, kernel_symbols, linux_guest, need, need_module, program, run_cases
from vmcore import Elf

KERNEL = ("--kernel", os.environ["GUEST_KERNEL"]) if "GUEST_KERNEL" in os.environ else ()

# Prints what drgn knows of a vmcore, as JSON: [[pid, tgid, comm, state, cpu, [[function address, offset]...]]...]
ORACLE = r"""
import json, os, sys
import drgn
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.sched import task_state_to_char
from drgn.helpers.linux.pid import for_each_task
prog = drgn.Program()
prog.set_core_dump(sys.argv[1])
prog.load_debug_info([sys.argv[2]])
def cpu_curr(_, cpu):
    return per_cpu(prog["runqueues"], cpu).curr
def task_cpu(task):
    try:
        return task.thread_info.cpu.value_()
    except AttributeError:
        return task.cpu.value_()  # until Linux 5.15
def frames(trace):
    told = []
    for frame in trace:
        try:
            pc = frame.pc
        except LookupError:
            continue
        if pc < 1 << 63:
            break  # in user space
        if told and told[-1][2] == pc:
            continue  # inlined into the same place
        try:
            symbol = prog.symbol(pc if frame.interrupted else pc - 1)
            told.append([symbol.name, pc - symbol.address, pc])
        except LookupError:
            told.append(["", 0, pc])
    return told
tasks = []
for task in for_each_task(prog):
    pid = task.pid.value_()
    cpu = task_cpu(task)
    running = cpu_curr(prog, cpu).value_() == task.value_()
    stack = [] if running else frames(prog.stack_trace(task))
    tasks.append([pid, task.tgid.value_(), os.fsdecode(task.comm.string_()), task_state_to_char(task), cpu, running, stack])
cpus = []
for cpu in range(prog["nr_cpu_ids"].value_()):
    try:
        cpus.append([cpu, cpu_curr(prog, cpu).pid.value_(), frames(prog.stack_trace(cpu_curr(prog, cpu)))])
    except Exception as error:
        cpus.append([cpu, str(error), []])
json.dump({"tasks": tasks, "cpus": cpus}, sys.stdout)
"""


def ask(lab, *words, status=0):
    # A machine that runs other tests too may not give guestdump a processor for seconds.
    patience = ["--time-limit", "60"] if words[0] in ("log", "ps", "bt", "report") else []
    return lab.run(program("guestdump"), *words, *patience, status=status)


def ask_json(lab, command, path, *options):
    return json.loads(ask(lab, command, path, "--json", *options))


def escaped(name):
    """As guestdump prints a name."""
    return "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in name)


def drgn_knows(lab, path, symbols):
    python = os.environ.get("DRGN_PYTHON", PYTHON)
    if python == PYTHON:
        need_module("drgn")
    done = subprocess.run([python, "-c", ORACLE, path, symbols], capture_output=True, text=True, timeout=300)
    check(done.returncode == 0, "drgn: %s", done.stderr)
    return json.loads(done.stdout)


def guest(*options):
    return linux_guest(*options, *KERNEL)


def symbols_of_guest():
    return os.environ.get("GUEST_SYMBOLS") or kernel_symbols()


def vmcore():
    return os.path.join(guest(), "ref.elf")


def for_drgn(lab, source):
    """A copy of a vmcore that drgn reads right.

    It needs a program header for the kernel's image, which QEMU does not write. And it takes the thread that an NT_PRSTATUS names
    for the one that ran; QEMU writes numbers of vCPUs there. The tasks put there are compared with drgn's later.
    """
    path = lab.path("vmcore")
    ask(lab, "convert", "--format", "elf", source, path)
    tasks = {entry["vcpu"]: entry["task"]["pid"] for entry in ask_json(lab, "bt", source)["stacks"]}
    elf = Elf(path)
    at, vcpu = next(segment.offset for segment in elf.segments if segment.type == 4), 0
    with open(path, "r+b") as file:
        for note in elf.notes:
            if note.type == 1 and note.name == "CORE":
                file.seek(at + 12 + 8 + 32)  # pr_pid
                file.write(struct.pack("<I", tasks[vcpu]))
                vcpu += 1
            at += 12 + (len(note.name) + 1 + 3) // 4 * 4 + (len(note.descriptor) + 3) // 4 * 4
    return path


def frames_of(stack):
    return [[frame.get("function", ""), frame.get("offset", 0), int(frame["address"], 16)] for frame in stack["frames"]]


def functions_of(lab, path, symbols):
    """{(name, address in the guest)} of the kernel's symbols, by the file with debug symbols."""
    offset = int(ask_json(lab, "info", path)["kernel"]["kaslr-offset"], 0)
    lines = [line.split() for line in lab.run("nm", symbols).splitlines()]
    return {(words[2], int(words[0], 16) + offset) for words in lines if len(words) == 3}


def check_same_stack(ours, drgns, functions, who):
    """Addresses are those of drgn. A place may have several names: ours is a function that begins where its offset says."""
    check_equal(["%x" % frame[2] for frame in ours], ["%x" % frame[2] for frame in drgns], "frames of %s" % who)
    for name, offset, address in ours:
        check((name, address - offset) in functions, "0x%x of %s is not %s+0x%x", address, who, name, offset)


def check_against_drgn(lab, path, symbols):
    known = drgn_knows(lab, path, symbols)
    tasks = ask_json(lab, "ps", path, "--threads")["tasks"]
    check_equal(sorted((t["pid"], t["tgid"], t["name"], t["state"], t["cpu"], t["running"]) for t in tasks),
                sorted((t[0], t[1], escaped(t[2]), *t[3:6]) for t in known["tasks"]), "tasks")
    stacks = {entry["task"]["pid"]: entry for entry in ask_json(lab, "bt", path, "--all")["stacks"]}
    functions, compared = functions_of(lab, path, symbols), 0
    for pid, _, name, _, _, running, drgns in known["tasks"]:
        if running:
            continue
        check("incomplete" not in stacks[pid]["stack"], "the stack of %d: %s", pid, stacks[pid]["stack"])
        check_equal(stacks[pid]["stack"]["method"], "orc", "how the stack of %d was found" % pid)
        check_same_stack(frames_of(stacks[pid]["stack"]), drgns, functions, "task %d (%s)" % (pid, name))
        compared += len(drgns)
    cpus = {entry["cpu"]: entry for entry in ask_json(lab, "bt", path)["stacks"]}
    for cpu, pid, drgns in known["cpus"]:
        if pid == "registers for CPU %d were not saved" % cpu and "DRGN_PYTHON" in os.environ:
            continue  # drgn 0.0.31 does not take the registers of vCPUs from these notes
        check_equal(cpus[cpu]["task"]["pid"], pid, "the task of CPU %d" % cpu)
        if cpus[cpu]["stack"]["user-mode"]:
            continue  # drgn goes on in user space
        ours = frames_of(cpus[cpu]["stack"])
        # drgn 0.0.22 ends at the start of the stack that interrupts have of their own.
        check(len(ours) == len(drgns) or "interrupted" in [frame["kind"] for frame in cpus[cpu]["stack"]["frames"][1:]],
              "CPU %d has other frames than drgn's %s", cpu, drgns)
        check_same_stack(ours[:len(drgns)], drgns, functions, "CPU %d" % cpu)
        compared += len(drgns)
    print("# %d tasks, %d CPUs, %d frames are equal" % (len(tasks), len(cpus), compared))


@case
def log_is_the_one_that_makedumpfile_prints(lab):
    need("makedumpfile")
    path, messages = lab.path("vmcore"), lab.path("messages")
    ask(lab, "convert", "--format", "kdump-raw-zlib", vmcore(), path)
    lab.run("makedumpfile", "--dump-dmesg", path, messages)
    with open(messages) as file:
        check_equal(ask(lab, "log", path).split("\n"), file.read().split("\n"), "messages")


@case
def log_has_what_the_console_printed(lab):
    """The console repeats the time on each line of a message."""
    with open(os.path.join(guest(), "serial.log"), errors="replace", newline="") as file:
        console = [line.rstrip("\r\n") for line in file if re.match(r"\[ *\d+\.\d{6}\] ", line)]
    log = {"[%5d.%06d] %s" % (record["time"] // 10**9, record["time"] % 10**9 // 1000, line)
           for record in ask_json(lab, "log", vmcore())["records"] for line in record["text"].split("\n")}
    missing = [line for line in console if line not in log]
    check(len(console) > 100, "the console has %d messages", len(console))
    check(not missing, "not in the log: %s", missing)


@case
def tasks_and_stacks_are_those_that_drgn_finds_with_debug_symbols(lab):
    symbols = symbols_of_guest()
    check_against_drgn(lab, for_drgn(lab, vmcore()), symbols)


def various(lab):
    """A vmcore of a guest with processes in different states."""
    need("cc")
    lab.run("cc", "-O1", "-static", "-o", lab.path("various"), os.path.join(os.path.dirname(__file__), "programs", "various_tasks.c"), "-lpthread")
    return os.path.join(guest("--program", lab.path("various"), lab.path("guest")), "ref.elf")


@case
def processes_in_all_states_are_told_as_drgn_tells_them(lab):
    symbols, source = symbols_of_guest(), various(lab)
    check_against_drgn(lab, for_drgn(lab, source), symbols)
    threads = ask_json(lab, "ps", source, "--threads")["tasks"]
    tasks = {task["name"]: task for task in threads}
    check_equal([task["name"] for task in threads if task["state"] == "D"].count("blocked"), 2, "tasks in D")
    check_equal(tasks["spinning"]["state"], "R", "state of the spinning task")
    check_equal(tasks["reading"]["waits-in"], "pipe_read", "what a reader of a pipe waits in")
    check_equal(tasks["a thread"]["tgid"], tasks["threaded"]["pid"], "the process of a thread")
    check("\\x1b[2J\\x0aroot" in tasks, "no task has the escaped name: %s", sorted(tasks))
    for command in (["ps"], ["bt", "--all"], ["report"]):
        check("\033" not in ask(lab, *command, source), "an escape got through %s", command)
    report = ask_json(lab, "report", source)
    check_equal([(len(group["tasks"]), group["tasks"][0]["name"]) for group in report["blocked"]], [(2, "blocked")],
                "equal stacks of blocked tasks")
    check_equal(report["warnings"], [], "warnings")


@case
def answers_are_the_same_from_each_format(lab):
    path = lab.path("vmcore")
    ask(lab, "convert", "--format", "kdump-zlib", vmcore(), path)
    for command in (["log"], ["ps", "--threads"], ["bt", "--all"], ["report"]):
        check_equal(ask(lab, *command, path), ask(lab, *command, vmcore()), "answer to %s" % command)


@case
def options_that_cannot_be_are_refused(lab):
    for words, message in [(["ps", vmcore(), "--state", "Q"], "--state expects one of the letters"),
                           (["ps", vmcore(), "--state", "RS"], "--state expects one of the letters"),
                           (["bt", vmcore(), "1x"], "a task's ID is a number, not '1x'"),
                           (["bt", vmcore(), "99999"], "the guest has no task 99999"),
                           (["bt", vmcore(), "--cpu", "77"], "the guest has no CPU 77"),
                           (["bt", vmcore(), "1", "--all"], "give only one of PID, --cpu, --state and --all"),
                           (["log", vmcore(), "--level", "9"], "--level expects emerg"),
                           (["log", vmcore(), "--since", "-1"], "--since expects seconds"),
                           (["ps"], "no FILE and no machine is given"), (["report", "/dev/null"], "/dev/null")]:
        done = subprocess.run([program("guestdump"), *words], capture_output=True, text=True, timeout=60)
        check_equal(done.returncode, 2, "exit status of %s, which says %s," % (words, done.stderr))
        check(message in done.stderr, "%s says %s", words, done.stderr)
    done = subprocess.run([program("guestdump"), "report", vmcore(), "--time-limit", "0"], capture_output=True, text=True, timeout=60)
    check("--time-limit expects up to" in done.stderr, "it says %s", done.stderr)


@case
def a_guest_that_panicked_or_was_short_of_memory_is_named(lab):
    need("cc")
    for name, text, until, state in [("panic", "int f = open(\"/proc/sysrq-trigger\", 1); return write(f, \"c\", 1);", "end Kernel panic",
                                      "panicked: sysrq triggered crash"),
                                     ("memory", "for (;;) memset(malloc(1 << 20), 1, 1 << 20);", "Out of memory: Killed",
                                      "was out of memory: Out of memory: Killed process ")]:
        with open(lab.path(name + ".c"), "w") as source:
            source.write("#include <fcntl.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint main(void) { %s }\n" % text)
        lab.run("cc", "-O1", "-static", "-o", lab.path(name), lab.path(name + ".c"))
        folder = guest("--program", lab.path(name), "--append", "panic=0", "--until", until, lab.path("guest-" + name))
        path = os.path.join(folder, "ref.elf")
        check("guest:       " + state in ask(lab, "info", path), "info does not say %s", state)
        report = ask_json(lab, "report", path)
        check_equal(report["condition"], {"panic": "panicked", "memory": "out-of-memory"}[name], "condition")
        if name == "panic":
            stack = next(entry["stack"] for entry in report["cpus"] if entry["cpu"] == report["panic-cpu"])
            check("sysrq_handle_crash" in [frame.get("function") for frame in stack["frames"]], "the stack is %s", stack)


@case
def a_guest_with_a_soft_lockup_is_named(lab):
    """Takes half a minute: the guest boots, and stays in the kernel until its watchdog reports it."""
    need("cc")
    lab.run("cc", "-O1", "-static", "-o", lab.path("lockup"), os.path.join(os.path.dirname(__file__), "programs", "soft_lockup.c"))
    folder = guest("--memory", "512", "--program", lab.path("lockup"), "--append", "preempt=none", "--until", "BUG: soft lockup",
                   lab.path("guest"))
    path = os.path.join(folder, "ref.elf")
    report = ask_json(lab, "report", path)
    check_equal(report["condition"], "soft-lockup", "condition")
    stuck = re.fullmatch(r"watchdog: BUG: soft lockup - CPU#(\d+) stuck for \d+s! \[program:(\d+)\]", report["reason"])
    check(stuck, "the reason is %s", report["reason"])
    entry = next(entry for entry in report["cpus"] if entry["cpu"] == int(stuck.group(1)))
    check_equal(entry["task"]["pid"], int(stuck.group(2)), "the task on that CPU")
    functions = [frame.get("function") for frame in entry["stack"]["frames"]]
    # The ORC tables end the stack in the middle of a retpoline.
    check("do_sys_poll" in functions or functions[0].startswith("__x86_indirect_thunk"), "its stack is %s", entry["stack"])
    check("guest:       locked up: watchdog: BUG: soft lockup" in ask(lab, "info", path), "info says: %s", ask(lab, "info", path))


if __name__ == "__main__":
    run_cases()
