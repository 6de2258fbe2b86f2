#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of examples/, built and run with nothing but the installed library: examples_test.py SOURCE_ROOT BUILD NEXT_LIBRARY.

NEXT_LIBRARY is the library of a later version. Where there is no /dev/kvm, the examples run without it.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

NEXT, BUILD, ROOT = (pathlib.Path(sys.argv.pop()).resolve() for _ in range(3))
sys.path.insert(0, str(ROOT / "tests" / "support"))
import vmcore  # noqa: E402  (a reader of our own tests, by literal offsets)

EXAMPLES = ROOT / "examples"
CODE = bytes.fromhex("ff06002043ebf9")
RAM = 16 << 20
KVM = ["/dev/kvm"] if os.access("/dev/kvm", os.R_OK | os.W_OK) else []


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120, **options)


def must(*words, **options):
    done = run(*words, **options)
    assert done.returncode == 0, "%s\n%s%s" % (words, done.stdout, done.stderr)
    return done.stdout


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="guestdump-examples-")
        cls.top = pathlib.Path(cls.folder.name)
        root = cls.top / "root"
        must("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "library,devel", "--destdir", root)
        package, = root.rglob("guestdump.pc")
        cls.headers, = [path for path in root.rglob("guestdump") if (path / "guestdump.h").exists()]
        cls.library, = [path.parent for path in root.rglob("libguestdump.so.1")]
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=str(package.parent), PKG_CONFIG_SYSROOT_DIR=str(root),
                               LD_LIBRARY_PATH=str(cls.library))
        cls.vmm_cc = cls.compile("vmm.cc", ["c++", "-std=c++20"])
        cls.vmm_c = cls.compile("vmm.c", ["cc", "-std=c11", "-pedantic"])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def compile(cls, source, compiler, *more):
        program = cls.top / source.replace(".", "_")
        flags = must("pkg-config", "--cflags", "--libs", "guestdump", env=cls.environment).split()
        # In a folder where no header of the source tree can be found.
        copy = shutil.copy(EXAMPLES / source, cls.top)
        must(*compiler, "-Wall", "-Wextra", "-Werror", *more, copy, *flags, "-pthread", "-o", program, cwd=cls.top)
        return program

    def lines(self, name):
        return len((EXAMPLES / name).read_text().splitlines())

    def check_dump(self, path, by_kvm):
        elf = vmcore.Elf(path)
        ram, = [load for load in elf.loads if load.paddr == 0]
        self.assertEqual(ram.memsz, RAM)
        memory = elf.data[ram.offset:ram.offset + ram.filesz]
        self.assertEqual(memory[0x1000:0x1007], CODE)
        counted = struct.unpack_from("<H" if by_kvm else "<B", memory, 0x2000)[0]
        notes = elf.note_bytes
        self.assertIn(b"CORE", notes)
        self.assertIn(b"QEMU", notes)
        # The QEMU note has rbx 16 bytes after the start of its descriptor: version, size, rax, rbx.
        at = notes.index(b"QEMU") + 8
        rbx, = struct.unpack_from("<Q", notes, at + 16)
        self.assertNotEqual(rbx, 0)
        # The guest was stopped after at most one of the two was counted.
        self.assertIn((counted - rbx) % (0x10000 if by_kvm else 0x100), (0, 1))

    def test_examples_are_short(self):
        self.assertLessEqual(self.lines("vmm.cc"), 150)
        self.assertLessEqual(self.lines("vmm.c"), 200)
        self.assertLessEqual(self.lines("read_vmcore.py"), 60)

    def test_vmm_in_cpp_dumps_its_guest(self):
        for device in ["/nonexistent"] + KVM:
            path = self.top / "cpp.vmcore"
            said = must(self.vmm_cc, path, device, env=self.environment)
            self.assertEqual(said, "%s: %d bytes of guest memory\n" % (path, RAM))
            self.check_dump(path, device in KVM)

    def test_vmm_in_c_dumps_its_guest(self):
        for device in ["/nonexistent"] + KVM:
            path = self.top / "c.vmcore"
            said = must(self.vmm_c, path, "elf", device, env=self.environment)
            self.assertEqual(said, "%s: %d bytes of guest memory\n" % (path, RAM))
            self.check_dump(path, device in KVM)

    def test_vmm_in_c_says_what_is_wrong(self):
        for words, message in [((self.top / "x", "ramdump"), "vmm: there is no format 'ramdump'\n"),
                               ((self.top / "no" / "x",), "vmm: Could not open '%s/no/x': No such file or directory\n" % self.top)]:
            done = run(self.vmm_c, *words, env=self.environment)
            self.assertEqual((done.returncode, done.stderr), (1, message))

    def test_python_lists_notes_and_a_page(self):
        path = self.top / "python.vmcore"
        must(self.vmm_c, path, "kdump-zlib", "/nonexistent", env=self.environment)
        said = must(sys.executable, EXAMPLES / "read_vmcore.py", path, "0x1000", env=self.environment).splitlines()
        self.assertEqual(said[0], "kdump-compressed version 6 i686")
        self.assertEqual(said[1:3], ["note CORE 1 144", "note QEMU 0 440"])
        self.assertEqual(said[3], "0x1000: " + CODE.hex() + "00" * 25)
        self.assertEqual(len(said), 3 + 4096 // 32)
        done = run(sys.executable, EXAMPLES / "read_vmcore.py", path, hex(RAM), env=self.environment)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^read_vmcore: .*0x1000000")

    def test_program_runs_with_the_library_of_a_later_version(self):
        later = self.top / "later"
        later.mkdir()
        shutil.copy(NEXT, later / "libguestdump.so.1")
        environment = dict(self.environment, LD_LIBRARY_PATH=str(later))
        for program in (self.vmm_c, self.vmm_cc):
            self.assertIn(str(later), must("ldd", program, env=environment))
            must(program, self.top / "later.vmcore", env=environment)

    def test_every_installed_header_compiles_alone(self):
        names = sorted(str(path.relative_to(self.headers.parent)) for path in self.headers.rglob("*.h"))
        self.assertGreater(len(names), 30)
        text = "".join("#include <%s>\n" % name for name in names)
        flags = must("pkg-config", "--cflags", "guestdump", env=self.environment).split()
        # One compilation for all: most of the time is the standard library's. check_headers.py compiles each alone.
        must("c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, "-x", "c++", "-", input=text)
        must("cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *flags, "-x", "c", "-",
             input="#include <guestdump/guestdump.h>\nint main(void) { return guestdump_version() == NULL; }\n")

    def test_document_shows_the_example_as_it_is(self):
        pieces = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "docs" / "embedding.md").read_text(), re.M | re.S)
        self.assertGreater(len(pieces), 3)
        example = (EXAMPLES / "vmm.cc").read_text()
        for piece in pieces:
            self.assertIn(piece, example)


if __name__ == "__main__":
    unittest.main(verbosity=2)
