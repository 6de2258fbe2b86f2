#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor at a terminal, as a person sees it: editing, completion, history, progress, Ctrl-C; and the terminal
afterwards.
"""
import os
import re
import signal

from lab import case, check, check_equal, need, program, run_cases
from lab.wire import Wire, connected
from qmp import Qmp
from terminal import Terminal

CROWD = 40  # estimates that take some seconds together
SLOW = 256 << 20  # bytes; compressing them takes some seconds
PROMPT = "(qemu)"


def terminal(lab):
    need("tmux")
    return Terminal(lab.folder, environment={"LC_ALL": "C.UTF-8"})


def start(lab, screen, *options, sockets=("q",)):
    """Starts the machine in the terminal, with a QMP monitor at each of @sockets."""
    words = [word for name in sockets for word in ("-qmp", "unix:%s,server=on,wait=off" % name)]
    screen.enter(" ".join([program_path(), "-accel", "synthetic", "-monitor", "stdio", *words, *options]))
    screen.wait_for_line(PROMPT)


def program_path():
    return os.path.abspath(program("guestdump-vm"))


def slow_memory(lab):
    with open(lab.path("ram"), "wb") as out:
        for _ in range(SLOW >> 20):
            out.write(os.urandom(1 << 20))
    return ["-machine", "pc,memory-backend=ram", "-object", "memory-backend-file,id=ram,size=%d,mem-path=ram,share=on" % SLOW]


def wait_for_prompt(screen, number):
    """Waits until the prompt is shown for the @number-th time with nothing after it."""
    return screen.wait(lambda text: text.count(PROMPT) == number and text.endswith("\n" + PROMPT), "prompt %d" % number)


def leave(screen):
    screen.enter("quit")
    screen.wait_for_line("$")


def settings(screen):
    """The terminal's settings, and whether reads from it block."""
    screen.enter("clear; stty -a; grep flags /proc/self/fdinfo/0; echo end")
    text = screen.wait(lambda text: text.startswith("speed") and text.endswith("end\n$"), "the settings")
    return text


@case
def tab_completes_commands_flags_and_files(lab):
    os.mkdir(lab.path("folder"))
    for name in ("core.one", "core.two", "folder/with space"):
        open(lab.path(name), "w").close()
    with terminal(lab) as screen:
        start(lab, screen)
        screen.type("info du")
        screen.press("Tab")
        screen.wait_for_line("(qemu) info dump")
        screen.press("Tab")
        check("dump           dump-estimate\n(qemu) info dump" in screen.wait_for("dump-estimate"), "choices: %s", screen.screen())
        screen.press("C-c")
        screen.wait_for_line(PROMPT)
        screen.type("dump-g")
        screen.press("Tab")
        screen.type("-z co")
        screen.press("Tab")
        screen.wait_for_line("(qemu) dump-guest-memory -z core.")
        screen.type("t")
        screen.press("Tab")
        screen.wait_for_line("(qemu) dump-guest-memory -z core.two")
        screen.press("C-u")
        screen.type("dump-guest-memory fo")
        screen.press("Tab", "Tab")
        screen.wait_for_line('(qemu) dump-guest-memory "folder/with space"')
        screen.press("C-c")
        leave(screen)


@case
def lines_are_edited_and_remembered(lab):
    with terminal(lab) as screen:
        start(lab, screen, "-name", "lady")
        screen.enter("info name")
        screen.wait_for("lady")
        screen.enter("info version")
        screen.wait_for("7.2.0 guestdump 1")
        screen.press("Up", "Up")
        screen.wait_for_line("(qemu) info name")
        screen.press("Home")
        screen.press("Escape")  # an escape sequence that is never completed blocks nothing
        with Qmp(lab.path("q")) as qmp:
            check_equal(qmp("query-name"), {"name": "lady"}, "the name")
        screen.press("b", "Enter")
        screen.wait(lambda text: text.count("lady\n") >= 2, "the name again")
        leave(screen)


@case
def a_dump_shows_a_bar_and_info_dump_its_end(lab):
    with terminal(lab) as screen:
        start(lab, screen, *slow_memory(lab))
        screen.enter("dump-guest-memory -Z core")
        screen.wait(lambda text: re.search(r"^\[=*>? *\] +[0-9.]+ %  [0-9.]+ of 25[0-9.]+ MiB", text, re.M), "the bar")
        screen.wait_for_line(PROMPT)
        check("%" not in screen.screen(), "the bar is still there: %s", screen.screen())
        screen.enter("info dump")
        screen.wait_for("Status: completed")
        check(os.stat(lab.path("core")).st_size > SLOW / 2, "the file is small")
        leave(screen)


@case
def ctrl_c_cancels_the_dump_and_what_is_typed_meanwhile_is_kept(lab):
    with terminal(lab) as screen:
        start(lab, screen, *slow_memory(lab))
        with Qmp(lab.path("q")) as qmp:
            screen.enter("dump-guest-memory -Z core")
            screen.wait_for("%")
            screen.press("C-c")
            screen.wait_for("Error: cancelled")
            screen.wait_for_line(PROMPT)
            check_equal(qmp("query-status")["status"], "running", "status")
            check_equal(os.path.exists(lab.path("core")), False, "the file is there")
            screen.enter("dump-guest-memory -Z core")
            screen.type("info dump\n")
            screen.wait_for("Status: completed")
        leave(screen)


def estimates_under_way(lab, names):
    """One client at each socket, which has requested an estimate and waits for it."""
    clients = [Wire(connected(lab.path(name))) for name in names]
    for client in clients:
        client.line()
        client.returned(b'{"execute": "qmp_capabilities"}')
    for client in clients:
        client.send(b'{"execute": "query-dump-estimate", "arguments": {"format": "kdump-zlib"}}')
    return clients


@case
def ctrl_c_ends_the_estimate_that_is_waited_for_and_no_dump_of_others(lab):
    crowd = ["e%d" % number for number in range(CROWD)]
    with terminal(lab) as screen:
        start(lab, screen, *slow_memory(lab), sockets=["q", *crowd])
        os.mkfifo(lab.path("pipe"))
        reader = os.open(lab.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)  # it does not read, so the dump stays under way
        with Qmp(lab.path("q")) as qmp:
            qmp("dump-guest-memory", paging=False, protocol="file:pipe", detach=True)
            screen.type("info dump-estimate -z")
            screen.wait_for("info dump-estimate -z")
            clients = estimates_under_way(lab, crowd)
            screen.press("Enter", "C-c")
            text = wait_for_prompt(screen, 2)
            check("Error: cancelled" in text and "%" not in text, "Ctrl-C: %s", text)
            check_equal(qmp("query-dump")["status"], "active", "the dump of another client")
            for client in clients:
                check("return" in client.line(), "an estimate of another client is no more")
            screen.enter("info name")
            wait_for_prompt(screen, 3)
        os.close(reader)
        leave(screen)


@case
def a_line_is_run_as_it_was_typed_in_any_locale(lab):
    with terminal(lab) as screen:
        for locale in "C.UTF-8", "C", "xx_XX":
            folder = "n." + locale
            os.mkdir(lab.path(folder))
            screen.enter("export LC_ALL=%s; clear" % locale)
            screen.wait_for_line("$")
            start(lab, screen)
            screen.enter("dump-guest-memory %s/zä€" % folder)
            wait_for_prompt(screen, 2)
            check_equal(os.listdir(lab.path(folder)), ["zä€"], "files in the locale %s" % locale)
            os.unlink(lab.path(folder + "/zä€"))
            screen.press("Up", "Enter")  # the same again, from the history
            wait_for_prompt(screen, 3)
            check_equal(os.listdir(lab.path(folder)), ["zä€"], "files in the locale %s, again" % locale)
            leave(screen)


@case
def tab_and_backspace_take_whole_characters(lab):
    os.mkdir(lab.path("n"))
    for name in ("zä.one", "zö.two"):
        open(lab.path("n/" + name), "w").close()
    with terminal(lab) as screen:
        start(lab, screen)
        screen.type("dump-guest-memory n/zöx")
        screen.press("BSpace", "BSpace", "Tab")
        screen.type("ö")
        screen.press("Tab", "Enter")
        wait_for_prompt(screen, 3)  # the second prompt, below the choices
        check_equal(sorted(os.listdir(lab.path("n"))), ["zä.one", "zö.two"], "files")
        check(os.stat(lab.path("n/zö.two")).st_size > 0, "the dump went elsewhere")
        check_equal(os.stat(lab.path("n/zä.one")).st_size, 0, "size of the other file")
        leave(screen)


@case
def names_of_files_do_not_command_the_terminal(lab):
    os.mkdir(lab.path("n"))
    for name in ("a\x1b]2;taken\x07", "b\nfaked", "c\x9b"):
        open(lab.path("n/" + name), "w").close()
    with terminal(lab) as screen:
        start(lab, screen)
        screen.type("dump-guest-memory n/")
        screen.press("Tab")
        text = screen.wait_for("\\x07")
        check("n/a\\x1b]2;taken\\x07" in text and "n/b\\x0afaked" in text, "names: %s", text)
        check_equal("taken" in screen.title(), False, "the terminal's title is the file's")
        screen.type("a")
        screen.press("Tab")
        screen.wait_for_line('(qemu) dump-guest-memory n/a^[]2;taken^G')
        screen.press("BSpace")
        screen.enter("/core")
        screen.wait_for("taken\\x07/core': Not a directory")
        check_equal("taken" in screen.title(), False, "the terminal's title is the file's")
        leave(screen)


@case
def ctrl_c_at_the_prompt_ends_nothing(lab):
    with terminal(lab) as screen:
        start(lab, screen)
        screen.type("quit")
        screen.press("C-c")
        screen.wait_for("quit^C")
        screen.press("Enter")
        with Qmp(lab.path("q")) as qmp:
            check_equal(qmp("query-status")["status"], "running", "status")
        screen.press("C-d")  # ends the monitor, not the machine
        with Qmp(lab.path("q")) as qmp:
            check_equal(qmp("query-status")["status"], "running", "status")
            qmp("quit")
        screen.wait_for_line("$")


@case
def the_terminal_is_given_back_as_it_was(lab):
    with terminal(lab) as screen:
        before = settings(screen)
        start(lab, screen, "-pidfile", "pid")
        leave(screen)
        check_equal(settings(screen), before, "settings after quit")
        start(lab, screen, "-pidfile", "pid")
        with open(lab.path("pid")) as file:
            os.kill(int(file.read()), signal.SIGTERM)
        screen.wait_for_line("$")
        check_equal(settings(screen), before, "settings after SIGTERM")
        screen.enter("clear; %s -machine none -qmp stdio" % program_path())
        screen.wait_for('"QMP"')
        screen.enter('{"execute": "qmp_capabilities"} {"execute": "quit"}')
        screen.wait_for_line("$")
        check_equal(settings(screen), before, "settings after QMP")


run_cases()
