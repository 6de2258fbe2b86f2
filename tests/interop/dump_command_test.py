#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump dump, status, stop and cont with guestdump-vm and with QEMU, as a person and as a script use them."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

from lab import case, check, check_equal, linux_guest, need, program, run_cases
from lab.dump_command import (SLOW, dumping, files, guest_status, guestdump, restored, running_qemu, slow_machine)
from vmcore import Elf, difference

FORMATS = ["elf", "kdump-zlib", "kdump-raw-zlib", "kdump-lzo", "kdump-raw-lzo", "kdump-snappy", "kdump-raw-snappy",
           "kdump-zstd", "kdump-raw-zstd", "vbox-core"]
QEMU_FORMATS = ["elf", "kdump-zlib"]  # Debian builds it without the others


@case
def every_format_is_what_the_monitor_writes_itself(lab):
    machine = restored(lab)
    for form in FORMATS:
        guestdump(lab, machine, "dump", "--format", form, lab.path("ours"))
        machine.dump(lab.path("monitors"), form)
        machine.qmp.sock.close()
        machine._qmp = None
        lab.run("cmp", lab.path("ours"), lab.path("monitors"))
        check_equal(os.stat(lab.path("ours")).st_mode & 0o7777, 0o600, "the file's mode")


def estimate(lab, machine, *words):
    """The expected, lowest and highest size and the size without holes, as the command prints them."""
    said = guestdump(lab, machine, "dump", "--estimate", *words)
    return [int(number) for number in re.findall(r"(\d+) bytes", said)]


@case
def the_real_size_lies_inside_the_estimate_in_every_format(lab):
    machine = restored(lab)
    for form in FORMATS:
        expected, lowest, highest, without_holes = estimate(lab, machine, "--format", form)
        guestdump(lab, machine, "dump", "--format", form, lab.path("core"))
        status = os.stat(lab.path("core"))
        real = status.st_blocks * 512 if form in ("elf", "vbox-core") else status.st_size  # these files have holes
        check(lowest <= real <= highest, "%s: %d is not from %d to %d", form, real, lowest, highest)
        check(lowest <= expected <= highest, "%s: expected %d", form, expected)
        check(status.st_size <= without_holes, "%s: %d bytes without holes are more than %d", form, status.st_size, without_holes)
        check(highest - lowest < 0.5 * real, "%s: from %d to %d is no help", form, lowest, highest)
        print("# %s: %d bytes, %+.1f %% expected, %+.1f to %+.1f %%" % (form, real, *(
            100 * (value / real - 1) for value in (expected, lowest, highest))))


@case
def an_estimate_disturbs_nobody(lab):
    machine = slow_machine(lab)
    first = estimate(lab, machine, "--format", "kdump-zlib", "--begin", "0", "--length", "0x1000000")
    check(first[0] < 17 << 20, "16 MiB take %d bytes", first[0])
    check_equal(machine.qmp("query-dump-estimate", format="kdump-zlib", begin=0, length=1 << 24)["highest"], first[2], "highest by QMP")
    check(re.fullmatch(r"%d bytes, from %d to %d\r\n" % tuple(first[:3]), machine.qmp.hmp("info dump-estimate -z 0 0x1000000")), "HMP")
    check_equal(machine.qmp.events, [], "events")
    check_equal(machine.qmp("query-status")["status"], "running", "status")
    machine.qmp.sock.close()
    machine._qmp = None
    for words, said in [(["--level", "3"], "--estimate takes --format, --begin, --length, --exclude and -d only"),
                        (["--begin", "1"], "Parameter 'length' is missing"),
                        (["--format", "win-dmp"], "win-dmp is not available now")]:
        check(said in guestdump(lab, machine, "dump", "--estimate", *words, status=2), "%s: not '%s'", words, said)
    qemu = running_qemu(lab, "-S")
    check_equal(estimate(lab, qemu)[3] >> 30, 1, "GiB that QEMU's guest takes without holes")
    check_equal(guest_status(lab, qemu), "prelaunch", "status of QEMU")


@case
def all_options_come_to_the_machine(lab):
    machine = restored(lab)
    guestdump(lab, machine, "dump", "--paging", "--begin", "0x1000", "--length", "4096", "--max-mappings", "1000000", lab.path("a"))
    check_equal(Elf(lab.path("a")).read(0x1000, 4096), Elf(os.path.join(linux_guest(), "ref.elf")).read(0x1000, 4096), "the page")
    for words, said in [(["--level", "13", "--format", "kdump-zlib"], "from 1 to 12, not 13"),
                        (["--level", "x"], "--level expects a number, not 'x'"),
                        (["--begin", "1"], "Parameter 'length' is missing"),
                        (["--max-mappings", "5"], "parameter 'max-mappings' needs paging"),
                        (["--no-share-pages"], "does not support parameter 'share-pages'"),
                        (["--threads", "5000"], "--threads expects a value from 1 to 1024"),
                        (["--format", "win-dmp"], "win-dmp is not available now"),
                        (["--format", "quux"], "there is no format 'quux'")]:
        check(said in guestdump(lab, machine, "dump", *words, lab.path("b"), status=2), "%s: not '%s'", words, said)
    check_equal(files(lab), ["a"], "files")


@case
def a_dump_by_qemu_itself_comes_through_too(lab):
    machine = running_qemu(lab, "-S")
    for form in QEMU_FORMATS:
        guestdump(lab, machine, "dump", "--by-machine", "--format", form, lab.path("by-us"))
        machine.dump(lab.path("by-qemu"), form)
        machine.qmp.sock.close()
        machine._qmp = None
        lab.run("cmp", lab.path("by-us"), lab.path("by-qemu"))
    for option, value in (("--level", "1"), ("--exclude", "free")):
        said = guestdump(lab, machine, "dump", "--by-machine", option, value, lab.path("no"), status=2)
        check("QEMU's own dump has no " + option in said, "with %s it says: %s", option, said)
    guestdump(lab, machine, "dump", "--by-machine", "--threads", "2", "--format", QEMU_FORMATS[-1], lab.path("by-us"))
    lab.run("cmp", lab.path("by-us"), lab.path("by-qemu"))
    check_equal(files(lab), ["by-qemu", "by-us"], "files")


@case
def dump_goes_to_a_pipe_and_a_fifo(lab):
    machine = restored(lab)
    guestdump(lab, machine, "dump", lab.path("file"))
    with open(lab.path("piped"), "wb") as out:
        first = subprocess.Popen([program("guestdump"), "dump", "--quiet", "--qmp", machine.socket_path, "-"], stdout=subprocess.PIPE)
        subprocess.run(["cat"], stdin=first.stdout, stdout=out, check=True, timeout=60)
        first.stdout.close()
        check_equal(first.wait(60), 0, "exit status")
    check_equal(difference(Elf(lab.path("piped")), Elf(lab.path("file"))), None, "the difference")
    os.mkfifo(lab.path("fifo"))
    with open(lab.path("copied"), "wb") as out:
        reader = subprocess.Popen(["cat", lab.path("fifo")], stdout=out)
    guestdump(lab, machine, "dump", lab.path("fifo"))
    check_equal(reader.wait(60), 0, "the reader's exit status")
    lab.run("cmp", lab.path("piped"), lab.path("copied"))


@case
def a_full_target_is_said_with_its_name(lab):
    machine = restored(lab)
    said = guestdump(lab, machine, "dump", "/dev/full", status=2)
    check("of '/dev/full': No space left on device" in said, "it says: %s", said)
    qemu = running_qemu(lab, "-S")
    said = guestdump(lab, qemu, "dump", "/dev/full", status=2)
    check("of '/dev/full': No space left on device" in said, "of QEMU it says: %s", said)


@case
def trouble_is_told_and_touches_nothing(lab):
    machine = restored(lab)
    run = program("guestdump")
    check("no machine given" in lab.run(run, "dump", lab.path("a"), status=2), "no machine was no error")
    check("No such file" in lab.run(run, "dump", "--qmp", "/nonexistent/q", lab.path("a"), status=2), "no socket was no error")
    check("Could not open" in guestdump(lab, machine, "dump", "/nonexistent/a", status=2), "no folder was no error")
    check("Is a directory" in guestdump(lab, machine, "dump", lab.path(""), status=2), "a folder was no error")
    environment = dict(os.environ, GUESTDUMP_QMP=machine.socket_path)
    check("completed" not in lab.run(run, "status", env=environment), "a dump was made")
    check_equal(files(lab), [], "files")


@case
def stop_and_cont_say_nothing_and_do_it(lab):
    for machine in (slow_machine(lab), running_qemu(lab)):
        check_equal(guestdump(lab, machine, "stop"), "", "what stop says")
        check_equal(guest_status(lab, machine), "paused", "status")
        check_equal(guestdump(lab, machine, "cont"), "", "what cont says")
        check_equal(guest_status(lab, machine), "running", "status")


@case
def a_program_reads_the_progress_as_lines_of_json(lab):
    for machine in slow_machine(lab, size=64 << 20), running_qemu(lab):
        lines = guestdump(lab, machine, "dump", "--progress=json", lab.path("core")).splitlines()
        reports = [json.loads(line) for line in lines]
        phases = [report["phase"] for report in reports]
        check_equal((phases[0], phases[-2:]), ("prepare", ["commit", "completed"]), "phases")
        last = reports[-1]
        check_equal(last["exit-status"], 0, "exit status in the last report")
        check(last["completed"] == last["total"] >= 64 << 20, "the last report: %s", last)
        check(all(report["completed"] <= report["total"] for report in reports), "reports: %s", reports)
    refused = guestdump(lab, machine, "dump", "--progress=json", "/nonexistent/core", status=2).splitlines()
    reports = [json.loads(line) for line in refused if line.startswith("{")]
    check_equal((reports[-1]["phase"], reports[-1]["exit-status"]), ("failed", 2), "end of a refused dump")
    check_equal([line for line in refused if not line.startswith("{")], ["guestdump dump: " + reports[-1]["error"]], "messages")


@case
def a_terminal_shows_a_bar_that_moves_and_goes(lab):
    machine = slow_machine(lab, size=192 << 20)
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
    child = dumping(lab, machine, *SLOW, lab.path("core"), stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(screen, 4096):
            shown += part
    except OSError:
        pass  # the other side has closed the terminal
    os.close(screen)
    check_equal(child.wait(60), 0, "exit status")
    text = shown.decode()
    bars = re.findall(r"\r\[=*>? *\] +([0-9.]+) %  [^\x1b]*\x1b\[K", text)
    check(len(bars) >= 3, "bars in: %r", text)
    check([float(bar) for bar in bars] == sorted(float(bar) for bar in bars), "the bar went back: %s", bars)
    last = text.rsplit("\r\x1b[K", 1)[1]
    check(re.fullmatch(r"\S+/core: [^\n]* in [0-9.]+ s\r\n", last), "the last line is %r", last)
    check(all(len(line) < 90 for line in re.split(r"[\r\n]|\x1b\[K", text)), "a line is wider than the terminal")


need("cmp")
run_cases()
