#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit status of every command, as the man page has it: exit_status_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import os
import re
import signal
import subprocess

from command import GUESTDUMP, SMALL, CommandTest, main, run

COMMANDS = re.findall(r"^  guestdump ([a-z-]+) ", run("--help")[0].decode(), re.M)
CORE = SMALL / "elf/64"


class Status(CommandTest):
    def good(self):
        """For each command that works on files, words with which it succeeds."""
        return {"info": ["info", CORE], "verify": ["verify", CORE], "compare": ["compare", CORE, CORE],
                "convert": ["convert", CORE, self.folder / "out"],
                "extract": ["extract", SMALL / "post_mortem/core", self.folder / "out"]}

    def test_is_0_after_success(self):
        for words in self.good().values():
            run(*words)
        for command in COMMANDS:
            run(command, "--help")
        run("--help")
        run("--version")

    def test_is_0_if_a_part_was_converted(self):
        cut = self.folder / "cut"
        cut.write_bytes(CORE.read_bytes()[:-100])
        err = run("convert", "--partial", cut, self.folder / "out")[1]
        self.assertIn("warning: ", err)

    def test_is_1_for_damage_and_differences(self):
        cut = self.folder / "cut"
        cut.write_bytes(CORE.read_bytes()[:-4096])
        run("verify", cut, status=1)
        run("compare", CORE, SMALL / "kdump/64", status=1)
        run("info", cut)

    def test_is_2_for_a_wrong_command_line(self):
        run(status=2)
        run("no-such-command", status=2)
        for command in COMMANDS:
            run(command, "--no-such-option", status=2)

    def test_is_2_for_what_does_not_exist(self):
        absent, socket = self.folder / "absent", self.folder / "no-socket"
        for words in (["info", absent], ["verify", absent], ["compare", absent, CORE], ["convert", absent, self.folder / "out"],
                      ["extract", absent, self.folder / "out"], ["report", absent], ["log", absent], ["ps", absent], ["bt", absent],
                      ["status", "--qmp", socket], ["stop", "--qmp", socket], ["cont", "--qmp", socket],
                      ["dump", "--qmp", socket, self.folder / "out"]):
            err = run(*words, status=2)[1]
            self.assertRegex(err, "^guestdump %s: .*No such file or directory\n$" % words[0])
        self.assertEqual(os.listdir(self.folder), [])

    def test_is_2_for_a_guest_that_is_no_linux(self):
        for command in "report", "log", "ps", "bt":
            run(command, CORE, status=2)

    def test_is_the_highest_of_several_files(self):
        cut = self.folder / "cut"
        cut.write_bytes(CORE.read_bytes()[:-4096])
        run("verify", CORE, cut, CORE, status=1)
        run("verify", self.folder / "absent", cut, CORE, status=2)
        run("info", CORE, self.folder / "absent", CORE, status=2)

    def ended_by(self, number, *words):
        """The return code of a command that @number ends while it waits for a FIFO."""
        child = subprocess.Popen([GUESTDUMP, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.fifo, "wb") as writer:  # opens once the command reads
            child.send_signal(number)
            child.wait(timeout=60)
            writer.close()
        return child.returncode

    def test_of_a_command_that_only_reads_is_the_signal(self):
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            for command in "info", "verify", "log":
                self.assertEqual(self.ended_by(number, command, self.fifo), -number, command)

    def into_closed_pipe(self, *words):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([GUESTDUMP, *map(str, words)], stdout=writer, stderr=subprocess.PIPE, timeout=60)
        os.close(writer)
        return done.returncode, done.stderr.decode()

    def test_is_141_if_nobody_reads_the_answer_and_2_if_nobody_reads_the_vmcore(self):
        for words in (["info", CORE], ["verify", CORE], ["compare", CORE, CORE], ["info", "--help"], ["--version"]):
            self.assertEqual(self.into_closed_pipe(*words), (141, ""), words)
        status, err = self.into_closed_pipe("convert", CORE, "-")
        self.assertEqual(status, 2)
        self.assertRegex(err, "^guestdump convert: .*stdout.*Broken pipe\n$")


main()
