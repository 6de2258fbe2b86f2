#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""guestdump convert as a person uses it: progress, what ends it, and what it leaves then."""
import os
import re
import signal
import subprocess
import time

from lab import case, check, check_equal, linux_guest, need, program, run_cases
from terminal import Terminal

SLOW = ("--format", "kdump-raw-zlib", "--level", "8", "--threads", "1")  # takes some seconds


def reference(name="ref.elf"):
    return os.path.join(linux_guest(), name)


def words(target, *options):
    return [os.path.abspath(program("guestdump")), "convert", *options, reference(), target]


def start(lab, target, *options):
    """A conversion that has started to write."""
    with open(lab.path("said"), "w") as said:
        child = lab.start(*words(target, *options), errors=said)
    deadline = time.monotonic() + 20
    while not any("guestdump" in name or name == target for name in open_files(child.pid)):
        check(time.monotonic() < deadline and child.poll() is None, "it opens no target")
        time.sleep(0.01)
    return child


def open_files(pid):
    """The files that a process has open for writing."""
    found = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            with open("/proc/%d/fdinfo/%s" % (pid, name)) as info:
                flags = int(re.search(r"^flags:\s+([0-7]+)", info.read(), re.M).group(1), 8)
            if flags & os.O_ACCMODE and int(name) > 2:
                found.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            continue
    return found


def said(lab):
    with open(lab.path("said")) as text:
        return text.read()


@case
def a_bar_shows_how_far_it_is_and_is_gone_in_the_end(lab):
    need("tmux")
    with Terminal(lab.folder) as screen:
        screen.enter(" ".join(words("out", *SLOW)))
        screen.wait(lambda text: re.search(r"^\[=*>? *\] +[0-9.]+ %  [0-9.]+ of 25[0-9.]+ MiB +[0-9.]+ MiB/s", text, re.M), "the bar")
        screen.wait(lambda text: "%" not in text and text.endswith("$"), "the end")
    check(os.path.getsize(lab.path("out")) > 1 << 20, "the file is small")


@case
def elsewhere_it_prints_lines_of_tenths_and_nothing_if_it_is_to_be_quiet(lab):
    lines = lab.run(*words(lab.path("out"), *SLOW)).splitlines()
    check(lines and all(re.match(r"[0-9.]+ %, ", line) for line in lines), "it printed: %s", lines)
    check_equal(lab.run(*words(lab.path("out"), "--quiet", *SLOW)), "", "output")
    need("tmux")
    with Terminal(lab.folder) as screen:
        screen.enter("clear; %s; echo end=$?" % " ".join(words("out", "--quiet", *SLOW)))
        seen = screen.wait(lambda text: "%" in text or "end=0" in text, "the end")
        check("%" not in seen, "it told: %s", seen)


@case
def ctrl_c_in_a_terminal_leaves_the_older_file(lab):
    need("tmux")
    with open(lab.path("out"), "w") as out:
        out.write("older")
    with Terminal(lab.folder) as screen:
        screen.enter(" ".join(words("out", *SLOW)))
        screen.wait_for("%")
        screen.press("C-c")
        screen.wait_for("guestdump convert: cancelled")
        screen.wait_for_line("$")
        screen.enter("echo status=$?")
        screen.wait_for("status=130")
    with open(lab.path("out")) as out:
        check_equal(out.read(), "older", "the older file")


@case
def signals_cancel_and_leave_nothing(lab):
    os.mkdir(lab.path("folder"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        child = start(lab, lab.path("folder/out"), *SLOW)
        child.send_signal(number)
        check_equal(child.wait(5), 128 + number, "exit status")
        check_equal(said(lab), "guestdump convert: cancelled\n", "what it said")
        check_equal(os.listdir(lab.path("folder")), [], "files")


@case
def a_reader_that_does_not_read_holds_up_no_cancel(lab):
    """The pipe is full, so a write blocks."""
    os.mkfifo(lab.path("fifo"))
    reader = os.open(lab.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
    child = start(lab, lab.path("fifo"), "--format", "kdump-zlib")
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    check_equal(child.wait(5), 130, "exit status")
    os.close(reader)


@case
def what_cannot_be_written_says_where_and_why(lab):
    kdump = lab.path("kdump")
    lab.run(program("guestdump"), "convert", "--format", "kdump-raw-zlib", reference(), kdump)
    for source in (reference(), kdump):  # pages that are compressed anew, and pages that are copied
        text = lab.run(program("guestdump"), "convert", "--format", "kdump-zlib", source, "/dev/full", status=2)
        check(re.search(r"writing \d+ bytes at offset \d+ of '/dev/full': No space left on device", text), "it said: %s", text)
        text = lab.run(program("guestdump"), "convert", "--format", "kdump-raw-zlib", source, "/dev/full", status=2)
        check("kdump-raw formats require a seekable file" in text, "it said: %s", text)
        limited = ["prlimit", "--fsize=%d" % (8 << 20), program("guestdump"), "convert", "--format", "kdump-raw-zlib", source, lab.path("out")]
        done = subprocess.run(limited, capture_output=True, text=True)
        check_equal(done.returncode, 2, "exit status")
        check(re.search(r"writing \d+ bytes at offset \d+ of '.*/out': File too large", done.stderr), "it said: %s", done.stderr)
        check(not os.path.exists(lab.path("out")), "a file is there")


run_cases()
