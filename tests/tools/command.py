# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the command guestdump share. Their arguments are GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

GUESTDUMP, SMALL = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()


def run(*words, status=0, **how):
    """What the command wrote, as (bytes of stdout, text of stderr)."""
    done = subprocess.run([GUESTDUMP, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **how)
    out, err = done.stdout, done.stderr.decode()
    assert done.returncode == status, "status %d of %s: %s%s" % (done.returncode, words, out[:2000], err)
    return out, err


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copy_of(self, name, to="core"):
        """A copy of the small vmcore @name that a test may spoil."""
        path = self.folder / to
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((SMALL / name).read_bytes())
        return path

    def assert_trouble(self, part, *words, **how):
        """The command fails with @part in its message, and writes nothing to stdout."""
        out, err = run(*words, status=2, **how)
        self.assertIn(part, err)
        self.assertEqual(out, b"")


def main():
    unittest.main(argv=sys.argv[:1])
