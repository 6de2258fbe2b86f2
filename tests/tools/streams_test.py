#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vmcores that come through pipes: streams_test.py GUESTDUMP FOLDER_OF_SMALL_VMCORES."""
import json
import os
import pathlib
import pty
import signal
import struct
import subprocess
import threading

from command import GUESTDUMP, SMALL, CommandTest, main, run

KINDS = ["elf/64", "kdump/64", "flattened/elf64", "flattened/kdump64"]


def fed(data, *words, status=0, env=None):
    """(stdout, stderr) of the command with @data in a pipe as stdin."""
    done = subprocess.run([GUESTDUMP, *map(str, words)], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          env=dict(os.environ, **env) if env else None)
    assert done.returncode == status, "status %d of %s: %s" % (done.returncode, words, done.stderr)
    return done.stdout, done.stderr.decode()


def unflattened(flat):
    """The file inside a flattened one."""
    whole, at = bytearray(), 4096
    while True:
        offset, size = struct.unpack_from(">qq", flat, at)
        if offset == -1:
            return bytes(whole)
        whole.extend(bytes(max(0, offset + size - len(whole))))
        whole[offset:offset + size] = flat[at + 16:at + 16 + size]
        at += 16 + size


class Streams(CommandTest):
    def test_are_read_as_the_files_are(self):
        for kind in KINDS:
            data = (SMALL / kind).read_bytes()
            for name in "-", "/dev/stdin":
                told = json.loads(fed(data, "info", "--json", name)[0])
                expected = json.loads(run("info", "--json", SMALL / kind)[0])
                self.assertEqual(told.pop("filename"), name)
                expected.pop("filename")
                self.assertEqual(told, expected)
                self.assertTrue(fed(data, "verify", name)[0].endswith(b"good\n"))
                self.assertIn(b"equal", fed(data, "compare", name, SMALL / kind)[0])

    def test_are_converted_as_the_files_are(self):
        for kind in KINDS:
            for form in "elf", "kdump-raw-zlib", "kdump-zstd":
                one, other = self.folder / "one", self.folder / "other"
                run("convert", SMALL / kind, one, "--format", form)
                fed((SMALL / kind).read_bytes(), "convert", "-", other, "--format", form)
                self.assertEqual(one.read_bytes(), other.read_bytes())

    def test_of_a_flattened_kdump_become_the_output_without_a_copy(self):
        out, plain, source, env = *(self.folder / name for name in ("out", "plain", "source")), {"TMPDIR": "/nonexistent"}
        run("convert", SMALL / "elf/64", source, "--format", "kdump-zlib")
        flat = source.read_bytes()
        err = fed(flat, "convert", "-", out, "--format", "kdump-raw-zlib", "--find-vmcoreinfo=never", env=env)[1]
        self.assertEqual(err, "guestdump convert: reassembling stdin\n")
        self.assertEqual(out.read_bytes(), unflattened(flat))
        # What changes something else is a conversion: of the file that was put together, or of a copy.
        for options, copies in [(["--format", "kdump-raw-zlib"], False), (["--format", "kdump-raw-lzo"], False),
                                (["--format", "kdump-raw-zlib", "--level", "9"], True), (["--format", "elf"], True),
                                (["--format", "kdump-raw-zlib", "--begin", "0x1000", "--length", "8K"], True)]:
            if copies:
                fed(flat, "convert", "-", out, *options, status=2, env=env)
            fed(flat, "convert", "-", out, *options, env=None if copies else env)
            run("convert", source, plain, *options)
            self.assertEqual(out.read_bytes(), plain.read_bytes(), options)
        self.assertEqual(sorted(os.listdir(self.folder)), ["out", "plain", "source"])

    def test_of_spoilt_kdumps_are_judged_as_the_files_are(self):
        source, raw, flat, out = (self.folder / name for name in ("source", "raw", "flat", "out"))
        run("convert", SMALL / "elf/64", source, "--format", "kdump-raw-zlib")
        whole = source.read_bytes()
        blocks = 1 + struct.unpack_from("<I", whole, 432)[0] + struct.unpack_from("<I", whole, 436)[0]
        descriptor = 4096 * blocks
        for at, form, values in [(descriptor, "<QII", (0, 0, 0)), (descriptor + 8, "<I", (5000,)), (descriptor + 12, "<I", (2,)),
                                 (descriptor, "<Q", (1 << 40,)), (8, "<I", (7,)), (448, "<I", (99,)), (432, "<I", (2,)),
                                 (436, "<I", (3,))]:
            spoilt = bytearray(whole)
            struct.pack_into(form, spoilt, at, *values)
            raw.write_bytes(spoilt)
            flat.write_bytes(b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1).ljust(4080, b"\0")
                             + struct.pack(">qq", 0, len(spoilt)) + spoilt + struct.pack(">qq", -1, -1))
            answers = []
            for name in flat, "-":
                out.write_bytes(b"old")
                done = subprocess.run([GUESTDUMP, "convert", "--format", "kdump-raw-zlib", str(name), str(out)], timeout=60,
                                      input=flat.read_bytes(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                said = [line.replace(b"'stdin'", b"'%s'" % os.fsencode(flat)) for line in done.stderr.splitlines()
                        if b"stdin" not in line or b"'stdin'" in line]
                answers.append((done.returncode, out.read_bytes() == b"old", said))
            self.assertEqual(answers[0], answers[1], (at, values))

    def test_of_vmcores_are_no_cores_to_extract_from(self):
        flat = self.folder / "flat"
        run("convert", SMALL / "elf/64", flat, "--format", "kdump-zlib")
        for form in "kdump-raw-zlib", "kdump-raw-lzo", "kdump-zlib":
            err = fed(flat.read_bytes(), "extract", "-", self.folder / "out", "--format", form, status=2)[1]
            self.assertIn("is a vmcore already: guestdump convert writes it in another format", err)
        self.assertEqual(os.listdir(self.folder), ["flat"])

    def test_that_are_put_together_in_the_output_leave_nothing_if_they_fail(self):
        flat = (SMALL / "flattened/kdump64").read_bytes()
        folder = self.folder / "folder"
        folder.mkdir()
        words = ["convert", "-", folder / "out", "--format", "kdump-raw-zlib"]
        self.assertIn("'stdin' was cut off: it ends at offset", fed(flat[:-20], *words, status=2)[1])
        wrong = flat.replace(b"KDUMP   ", b"KDUMP   " + bytes(8))
        self.assertIn("'stdin'", fed(wrong, *words, status=2)[1])
        child = subprocess.Popen([GUESTDUMP, *map(str, words)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdin.write(flat[:5000])
        child.stdin.flush()
        self.assertEqual(child.stderr.readline(), b"guestdump convert: reassembling stdin\n")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(20), -signal.SIGINT)
        child.stdin.close()
        child.stderr.close()
        self.assertEqual(os.listdir(folder), [])

    def test_may_come_through_a_fifo(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        thread = threading.Thread(target=fifo.write_bytes, args=((SMALL / "flattened/kdump64").read_bytes(),))
        thread.start()
        run("convert", fifo, self.folder / "out")
        thread.join()
        run("compare", SMALL / "flattened/kdump64", self.folder / "out")

    def test_are_said_to_take_a_temporary_file_that_is_gone_afterwards(self):
        folder = self.folder / "temporary"
        folder.mkdir()
        data, env = (SMALL / "elf/64").read_bytes(), {"TMPDIR": str(folder)}
        out, err = fed(data, "convert", "-", self.folder / "out", env=env)
        self.assertEqual(err, "guestdump convert: copying stdin into a temporary file in %s\n" % folder)
        self.assertEqual(fed(data, "convert", "-", self.folder / "out", "--quiet", env=env)[1], "")
        self.assertEqual(os.listdir(folder), [])

    def test_without_a_place_for_it_are_refused_with_the_variable_that_names_one(self):
        out, err = fed(b"x" * 10000, "info", "-", status=2, env={"TMPDIR": "/nonexistent"})
        self.assertEqual(err.splitlines()[-1], "guestdump info: creating the temporary file for 'stdin' in '/nonexistent' (TMPDIR "
                                               "names another directory): No such file or directory")

    def test_that_are_files_are_read_in_place(self):
        for offset in 0, 7:
            with open(SMALL / "elf/64", "rb") as file:
                file.seek(offset)
                done = subprocess.run([GUESTDUMP, "info", "-"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      timeout=60)
            self.assertEqual((done.returncode, b"temporary" in done.stderr), (0, False) if offset == 0 else (2, True))

    def test_that_are_no_vmcore_are_named(self):
        self.assertIn("'stdin' is empty", fed(b"", "info", "-", status=2)[1])
        self.assertIn("'stdin' is no vmcore but compressed by lz4: `lz4 -dc FILE | guestdump convert - OUT`",
                      fed(b"\x04\x22\x4d\x18" + bytes(100), "info", "-", status=2)[1])
        self.assertIn("'stdin': the gzip data is cut off before offset 3 of 3", fed(b"\x1f\x8b\x08", "info", "-", status=2)[1])
        cut = (SMALL / "elf/64").read_bytes()[:-100]
        self.assertIn("`guestdump convert --partial` saves what is there", fed(cut, "convert", "-", self.folder / "out", status=2)[1])
        fed(cut, "convert", "--partial", "-", self.folder / "out")

    def test_from_a_terminal_are_refused(self):
        mine, its = pty.openpty()
        self.assert_trouble("stdin is a terminal, and no vmcore", "info", "-", stdin=its)
        os.close(its)
        os.close(mine)

    def test_of_zeros_take_no_space(self):
        folder = self.folder / "temporary"
        folder.mkdir()
        sparse = self.folder / "sparse"
        sparse.write_bytes((SMALL / "elf/64").read_bytes())
        os.truncate(sparse, 64 << 20)
        with open(sparse, "rb") as file:
            child = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
            reader = subprocess.Popen([GUESTDUMP, "verify", "-"], stdin=child.stdout, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, env=dict(os.environ, TMPDIR=str(folder)))
            child.stdout.close()
            used = 0
            while reader.poll() is None:
                for link in pathlib.Path("/proc/%d/fd" % reader.pid).glob("*"):
                    try:
                        if "deleted" in os.readlink(link) or "/#" in os.readlink(link):
                            used = max(used, os.stat(link).st_blocks * 512)
                    except OSError:
                        pass
            self.assertEqual(reader.wait(), 0)
            reader.stdout.close()
            child.wait()
        self.assertLess(used, 4 << 20)


main()
