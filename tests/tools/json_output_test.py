#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What --json prints, as programs read it: json_output_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import os
import shutil
import subprocess

from command import GUESTDUMP, SMALL, CommandTest, main, run


def told(*words, status=0):
    out = run(*words, "--json", status=status)[0]
    assert out.count(b"\n") == 1 and out.endswith(b"\n"), out
    return json.loads(out)


def through_jq(query, document):
    return subprocess.run(["jq", "-r", query], input=json.dumps(document).encode(), stdout=subprocess.PIPE, check=True,
                          timeout=60).stdout.decode().strip()


class Numbers(CommandTest):
    def test_registers_are_an_object_of_hexadecimal_strings(self):
        cpu = told("info", SMALL / "kdump/64")["cpus"][0]
        self.assertEqual(cpu["registers"]["rip"], "0xffffffff81000000")
        self.assertEqual(len(cpu["registers"]), 23)
        self.assertTrue(all(value.startswith("0x") for value in cpu["registers"].values()))
        self.assertTrue(all(segment["base"].startswith("0x") for segment in cpu["segments"]))

    def test_addresses_survive_a_program_that_rounds_numbers(self):
        if not shutil.which("jq"):
            self.skipTest("jq is not installed")
        info = told("info", SMALL / "kdump/64")
        self.assertEqual(through_jq(".cpus[0].registers.rip", info), "0xffffffff81000000")
        self.assertEqual(through_jq(".ranges[0].begin", info), info["ranges"][0]["begin"])


class FileNames(CommandTest):
    def test_that_are_not_utf8_can_be_recovered(self):
        name = bytes(self.folder) + b"/core\xff\xe4\n"
        with open(name, "wb") as file:
            file.write((SMALL / "elf/64").read_bytes())
        for command in "info", "verify":
            out = subprocess.run([GUESTDUMP, command, "--json", name], stdout=subprocess.PIPE, check=True, timeout=60).stdout
            document = json.loads(out.decode("utf-8"))
            self.assertEqual(document["filename"], str(self.folder) + "/core\ufffd\ufffd\n")
            self.assertEqual(bytes.fromhex(document["filename-bytes"]), name)
        out = subprocess.run([GUESTDUMP, "compare", "--json", name, SMALL / "elf/64"], stdout=subprocess.PIPE, check=True,
                             timeout=60).stdout
        self.assertEqual(bytes.fromhex(json.loads(out)["first-bytes"]), name)
        self.assertNotIn("second-bytes", json.loads(out))

    def test_that_are_utf8_are_text_alone(self):
        core = self.copy_of("elf/64", "k\u00e4rn \u2603")
        document = told("info", core)
        self.assertEqual(document["filename"], str(core))
        self.assertNotIn("filename-bytes", document)


class Results(CommandTest):
    def test_of_verify(self):
        good = told("verify", SMALL / "kdump/64")
        self.assertEqual((good["good"], good["bad-pages"], good["problems"]), (True, 0, []))
        self.assertNotIn("missing", good)
        cut = self.folder / "cut"
        cut.write_bytes((SMALL / "elf/64").read_bytes()[:-4096])
        document = told("verify", cut, status=1)
        self.assertFalse(document["good"])
        self.assertGreater(document["missing"], 0)
        self.assertRegex(document["missing-from"], "^0x[0-9a-f]+$")
        self.assertEqual(len(document["problems"]), 1)

    def test_of_verify_of_a_damaged_page(self):
        data = bytearray((SMALL / "kdump/64").read_bytes())
        data[16384 + 24 + 12] = 0x40
        bad = self.folder / "bad"
        bad.write_bytes(data)
        document = told("verify", bad, status=1)
        self.assertEqual((document["good"], document["bad-pages"]), (False, 1))
        self.assertIn("the page at 0x2000", document["problems"][0])

    def test_of_compare(self):
        same = told("compare", SMALL / "elf/64", SMALL / "flattened/elf64")
        self.assertEqual((same["equal"], same["different-pages"], same["differences"]), (True, 0, []))
        document = told("compare", SMALL / "elf/64", SMALL / "kdump/64", status=1)
        self.assertFalse(document["equal"])
        self.assertGreater(document["different-pages"], 0)
        self.assertIn("the page at 0x1000 differs", document["differences"])
        self.assertEqual(document["second"], str(SMALL / "kdump/64"))

    def test_go_nowhere_if_there_is_none(self):
        self.assertEqual(run("verify", "--json", "/nonexistent", status=2)[0], b"")
        self.assertEqual(os.listdir(self.folder), [])
        self.assert_trouble("--json prints to stdout, which is the target", "dump", "--qmp", "/nonexistent", "--json", "-")


main()
