#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A schema with a mistake is refused with a message that names the mistake, and every part of the
project's own schema must be documented: schema_test.py SOURCE_ROOT."""
import dataclasses
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(ROOT / "qapi"))

import schema  # noqa: E402
import schema_doc  # noqa: E402

GOOD = """[
##
# @A:
#
# A struct.
#
# @x: numbers,
#     two lines of them
#
# Since: 0.1
##
  {"struct": "A", "data": {"*x": ["int"]}},

##
# @do-it:
#
# Does it.
#
# @a: what with
#
# Returns: what came of it
#
# Errors: none
#
# Since: 0.1
##
  {"command": "do-it", "data": {"a": "A"}, "returns": "A"}
]
"""


class BadSchema(unittest.TestCase):
    def generate(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "schema.json")
            file.write_text(text)
            outputs = [f"{folder}/out.h", f"{folder}/out.cc"]
            return subprocess.run([sys.executable, ROOT / "qapi/generate.py", "types", *outputs, file],
                                  capture_output=True, text=True)

    def check_refused(self, text, why):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "schema.json")
            file.write_text(text)
            with self.assertRaises(schema.SchemaError) as refused:
                schema.Schema([file])
        self.assertIn(why, str(refused.exception))

    def test_good_schema_is_accepted(self):
        done = self.generate(GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_generator_prints_one_line_and_fails(self):
        done = self.generate('[{"comand": "a"}]')
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertTrue(done.stderr.startswith("schema: "))

    def check_refused_without(self, part, why, instead=""):
        self.assertIn(part, GOOD)
        self.check_refused(GOOD.replace(part, instead, 1), why)

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

    def test_any_is_for_commands(self):
        self.check_refused('[{"struct": "A", "data": {"x": "any"}}]', "struct 'A': only a command can have 'any'")

    def test_what_is_not_documented_is_refused(self):
        self.check_refused('[{"event": "A"}]', "event 'A' is not documented")
        self.check_refused_without("# Does it.\n", "command 'do-it' is not documented")
        self.check_refused_without("# @a: what with\n", "command 'do-it': 'a' is not documented")
        self.check_refused_without("what with", "command 'do-it': 'a' is not documented")
        self.check_refused_without("# Returns: what came of it\n", "command 'do-it': 'Returns:' is missing")
        self.check_refused_without("# Errors: none\n", "command 'do-it': 'Errors:' is missing")
        self.check_refused_without("# Since: 0.1\n", "struct 'A': 'Since:' is missing")

    def test_documentation_of_what_does_not_exist_is_refused(self):
        self.check_refused_without("# @a: what with", "'b' is documented and does not exist", "# @a: what\n# @b: what")
        self.check_refused_without("# @x: numbers,", "'x' is documented twice for 'A'", "# @x: numbers\n# @x: numbers")
        self.check_refused_without("# @x: numbers,", "struct 'A': 'Errors:' has no meaning here", "# Errors: x\n# @x: y")
        self.check_refused_without("# @do-it:", "the documentation of 'do-this' is not above its definition", "# @do-this:")

    def test_documentation_that_is_no_block_is_refused(self):
        self.check_refused_without("# @A:\n", "a block of documentation begins with '@NAME:'")
        self.check_refused_without("##\n  {", "the block of documentation above has no end", "  {")
        self.check_refused(GOOD + "##\n", "the last block of documentation has no end")


class OwnSchema(unittest.TestCase):
    """The project's schema: removing any part of its documentation is an error."""

    def test_every_part_of_every_definition_must_be_documented(self):
        whole = schema.Schema(sorted((ROOT / "qapi").glob("*.json")))
        self.assertGreater(len(whole.commands), 40)
        for definition in whole.definitions:
            doc = definition.doc
            self.check_missed(definition, dataclasses.replace(doc, text=""))
            for name in [*definition.words, *(member.name for member in definition.members)]:
                self.check_missed(definition, dataclasses.replace(doc, members={**doc.members, name: ""}))
            for section in doc.sections:
                self.check_missed(definition, dataclasses.replace(doc, sections={**doc.sections, section: ""}))

    def check_missed(self, definition, doc):
        schema_doc.check(definition)
        with self.assertRaisesRegex(schema_doc.DocError, definition.name):
            schema_doc.check(dataclasses.replace(definition, doc=doc))


if __name__ == "__main__":
    unittest.main(verbosity=0)
