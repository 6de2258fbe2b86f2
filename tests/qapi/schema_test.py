#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A schema with a mistake in it is refused by a message that names the mistake: schema_test.py SOURCE_ROOT."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop())


class BadSchema(unittest.TestCase):
    def generate(self, text):
        with tempfile.TemporaryDirectory() as folder:
            schema = pathlib.Path(folder, "schema.json")
            schema.write_text(text)
            outputs = [f"{folder}/out.h", f"{folder}/out.cc"]
            return subprocess.run([sys.executable, ROOT / "qapi/generate.py", "types", *outputs, schema],
                                  capture_output=True, text=True)

    def check_refused(self, text, why):
        done = self.generate(text)
        self.assertEqual(done.returncode, 1)
        self.assertIn(why, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_good_schema_is_accepted(self):
        done = self.generate('[{"struct": "A", "data": {"*x": ["int"]}}, {"command": "do-it", "data": {"a": "A"}}]')
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bad_json_is_told_with_its_line(self):
        self.check_refused('[\n{"enum": "A",]', "schema.json:2:")

    def test_unknown_kind_is_refused(self):
        self.check_refused('[{"comand": "a"}]', "exactly one of enum, struct, event, command")

    def test_two_kinds_at_once_are_refused(self):
        self.check_refused('[{"command": "a", "event": "A"}]', "exactly one of")

    def test_unknown_key_is_refused(self):
        self.check_refused('[{"command": "a", "asynch": true}]', "command 'a': 'asynch' has no meaning here")

    def test_flag_that_is_not_true_is_refused(self):
        self.check_refused('[{"command": "a", "async": 1}]', "'async' can only be true")

    def test_bad_name_is_refused(self):
        self.check_refused('[{"enum": "a b", "data": ["x"]}]', "not a name")

    def test_repeated_name_is_refused(self):
        self.check_refused('[{"enum": "A", "data": ["x"]}, {"struct": "A"}]', "'A' is defined twice")

    def test_repeated_member_is_refused(self):
        self.check_refused('[{"struct": "A", "data": {"x": "int", "*x": "int"}}]', "'x' is there twice")
        self.check_refused('[{"struct": "A", "data": {"x": "int", "x": "int"}}]', "'x' is given twice")

    def test_enum_without_words_is_refused(self):
        self.check_refused('[{"enum": "A", "data": []}]', "at least one word")

    def test_unknown_type_is_refused(self):
        self.check_refused('[{"struct": "A", "data": {"x": "B"}}]', "struct 'A': there is no type 'B'")

    def test_thing_that_is_no_type_is_refused(self):
        self.check_refused('[{"struct": "A", "data": {"x": ["int", "int"]}}]', "member 'x'")

    def test_struct_that_contains_itself_is_refused(self):
        self.check_refused('[{"struct": "A", "data": {"x": "B"}}, {"struct": "B", "data": {"x": "A"}}]',
                           "struct 'A' contains itself")


if __name__ == "__main__":
    unittest.main(verbosity=0)
