#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the terminal pictures in README.md: terminal-picture.py. Needs a release build and tmux.

Starts a machine in a real terminal, presses keys, and prints the contents of the screen.
"""
import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from terminal import Terminal  # noqa: E402  (found through the line above)

PROGRAMS = ROOT / "build-release" / "tools"
MEMORY = 512 << 20
COLUMNS = 100


def write_memory(folder):
    """Writes memory that takes a compressor some seconds."""
    with open(os.path.join(folder, "ram"), "wb") as out:
        for _ in range(MEMORY >> 20):
            out.write(os.urandom(1 << 19) + bytes(range(256)) * (1 << 11))


def half_done(text):
    return re.search(r" [3-6][0-9]\.[0-9] %", text)


def show(title, screen):
    print("%s\n\n%s\n" % (title, screen))


def monitor_session(screen):
    screen.enter("guestdump-vm -machine pc,memory-backend=ram -accel synthetic -qmp unix:qmp,server=on,wait=off "
                 "-monitor stdio -object memory-backend-file,id=ram,size=%dM,mem-path=ram,share=on" % (MEMORY >> 20))
    screen.wait_for_line("(qemu)")
    screen.type("info du")
    screen.press("Tab", "Tab")
    screen.wait_for("dump-estimate")
    screen.type("-estimate -z")
    screen.press("Enter")
    screen.wait_for("bytes, from")
    screen.type("dump-g")
    screen.press("Tab")
    screen.type("-Z vm")
    screen.enter("core")
    screen.wait(half_done, "half of it")
    show("While it dumps:", screen.screen())
    screen.wait_for_line("(qemu)")
    screen.enter("info dump")
    screen.wait_for("Status: completed")
    screen.wait_for_line("(qemu)")
    show("When it has dumped:", screen.screen())


def command_session(screen):
    screen.enter("clear; guestdump status --qmp qmp; guestdump dump --qmp qmp --format kdump-zstd --level 6 core")
    screen.wait(half_done, "half of it")
    show("guestdump dump:", screen.screen())
    screen.wait_for_line("$")
    show("guestdump dump, done:", screen.screen())


def main():
    folder = tempfile.mkdtemp(prefix="guestdump-picture-")
    environment = {"PATH": "%s:%s" % (PROGRAMS, os.environ["PATH"])}
    try:
        write_memory(folder)
        with Terminal(folder, columns=COLUMNS, environment=environment) as monitor:
            monitor_session(monitor)
            os.mkdir(os.path.join(folder, "other"))
            with Terminal(os.path.join(folder, "other"), columns=COLUMNS, environment=environment) as shell:
                shell.enter("cd ..")
                command_session(shell)
            monitor.enter("quit")
            monitor.wait_for_line("$")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
