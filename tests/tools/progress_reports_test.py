#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What --progress=json prints, as programs read it: progress_reports_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import fcntl
import json
import os
import signal
import struct
import subprocess

from command import GUESTDUMP, SMALL, CommandTest, main, run

CORE = SMALL / "elf/64"
MIB = 1 << 20


def reports_in(err):
    """The reports, and the lines that are none."""
    lines = err.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")], [line for line in lines if not line.startswith("{")]


class Reports(CommandTest):
    def reports(self, *words, status=0, **how):
        found, others = reports_in(run(*words, "--progress=json", status=status, **how)[1])
        self.assertEqual({report["command"] for report in found}, {words[0]})
        self.assertEqual([report for report in found[:-1] if "exit-status" in report], [])
        self.assertEqual(found[-1]["exit-status"], status)
        seconds = [report["seconds"] for report in found]
        self.assertEqual(seconds, sorted(seconds))
        return found, others

    def phases(self, *words, status=0, **how):
        found, others = self.reports(*words, status=status, **how)
        self.assertEqual(others, [])
        names = [report["phase"] for report in found]
        return [name for index, name in enumerate(names) if index == 0 or name != names[index - 1]]

    def test_have_every_phase_of_every_command(self):
        out = self.folder / "out"
        self.assertEqual(self.phases("convert", CORE, out), ["prepare", "memory", "commit", "completed"])
        self.assertEqual(self.phases("extract", SMALL / "post_mortem/core", out), ["prepare", "memory", "commit", "completed"])
        self.assertEqual(self.phases("verify", CORE), ["prepare", "memory", "completed"])
        self.assertEqual(self.phases("compare", CORE, CORE), ["prepare", "memory", "completed"])
        with open(CORE, "rb") as core:
            data = core.read()
        self.assertEqual(self.phases("verify", "-", input=data), ["prepare", "copy", "prepare", "memory", "completed"])

    def test_end_with_everything_completed(self):
        memory = json.loads(run("info", "--json", CORE)[0])["memory"]
        for words in ["verify", CORE], ["compare", CORE, CORE], ["convert", CORE, self.folder / "out"]:
            last = self.reports(*words)[0][-1]
            self.assertEqual((last["completed"], last["total"]), (memory, memory), words)
            self.assertNotIn("error", last)

    def test_of_damage_are_complete_with_status_1(self):
        cut = self.folder / "cut"
        cut.write_bytes(CORE.read_bytes()[:-4096])
        self.assertEqual(self.reports("verify", cut, status=1)[0][-1]["phase"], "completed")
        self.assertEqual(self.reports("compare", CORE, SMALL / "kdump/64", status=1)[0][-1]["phase"], "completed")

    def test_of_a_failure_have_the_message(self):
        absent = self.folder / "a \"quoted\" name"
        found, others = self.reports("convert", absent, self.folder / "out", status=2)
        self.assertEqual([report["phase"] for report in found], ["prepare", "failed"])
        self.assertEqual(["guestdump convert: " + found[-1]["error"]], others)
        self.assertIn(absent.name, found[-1]["error"])

    def test_of_verify_name_the_file(self):
        absent = self.folder / "absent"
        found, others = self.reports("verify", CORE, absent, SMALL / "kdump/64", status=2)
        names = [report["filename"] for report in found if report["phase"] == "memory"]
        self.assertEqual(names, [str(CORE), str(SMALL / "kdump/64")])
        self.assertEqual(len(others), 1)
        self.assertEqual(found[-1]["phase"], "failed")

    def test_do_not_mix_with_the_result(self):
        out, err = run("verify", "--json", "--progress=json", CORE)
        self.assertTrue(json.loads(out)["good"])
        self.assertEqual(reports_in(err)[1], [])

    def large(self):
        """An ELF vmcore that takes long enough to be reported on."""
        path = self.folder / "large"
        size = 64 * MIB
        header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
        load = struct.pack("<IIQQQQQQ", 1, 7, 4096, 0, 0, size, size, 0)
        path.write_bytes((header + load).ljust(4096, b"\0") + os.urandom(size))
        return path

    def test_grow_while_a_command_works_and_a_signal_ends_them(self):
        """The target is a pipe that is emptied slowly."""
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        keep = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, keep)
        fcntl.fcntl(keep, fcntl.F_SETPIPE_SZ, MIB)
        child = subprocess.Popen([GUESTDUMP, "convert", self.large(), fifo, "--progress=json"], stderr=subprocess.PIPE)
        seen = []
        while len([report for report in seen if report["phase"] == "memory" and report["completed"]]) < 4:
            os.read(keep, MIB)
            seen.append(json.loads(child.stderr.readline()))
        completed = [report["completed"] for report in seen]
        self.assertEqual(completed, sorted(completed))
        self.assertTrue(all(report["completed"] <= report["total"] == 64 * MIB for report in seen if report["phase"] == "memory"))
        self.assertTrue(any(report.get("remaining", 0) > 0 for report in seen))
        child.send_signal(signal.SIGTERM)
        found, others = reports_in(child.communicate(timeout=60)[1].decode())
        self.assertEqual((found[-1]["phase"], found[-1]["exit-status"], child.returncode), ("cancelled", 143, 143))
        self.assertEqual(others, ["guestdump convert: cancelled"])

    def test_are_asked_for_with_a_known_word_and_not_with_quiet(self):
        for command in "convert", "extract", "verify", "compare", "dump":
            operands = {"verify": [CORE], "dump": [self.folder / "out"]}.get(command, [CORE, self.folder / "out"])
            self.assert_trouble("--progress expects auto or json, not 'xml'", command, *operands, "--progress=xml")
            self.assert_trouble("--quiet and --progress=json exclude each other", command, *operands, "--quiet", "--progress=json")
        self.assertEqual(os.listdir(self.folder), [])


main()
