# SPDX-License-Identifier: GPL-2.0-or-later
"""The base of the interop tests: starts, watches and ends programs; runs cases and reports their results.

A test file decorates its cases and ends with `run_cases()`:

    @case
    def dump_of_a_restored_guest_opens_in_crash(lab):
        machine = lab.vm("-restore", linux_guest() + "/ref.elf")
        ...

A case fails by raising, and is skipped by raising Skip. Output is TAP; exit status 0, 1, or 77 if all were skipped.
"""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from qmp import Qmp  # noqa: E402  (found through the line above)


# Options for sanitizer builds: reports go to files, cores are written, and AddressSanitizer keeps so little freed
# memory that the memory of a process can still be measured.
SANITIZERS = {
    "ASAN_OPTIONS": "disable_coredump=0:quarantine_size_mb=8:thread_local_quarantine_size_kb=64:log_path=",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:log_path=",
    "TSAN_OPTIONS": "halt_on_error=1:print_suppressions=0:suppressions=%s:log_path=" % (ROOT / "tests" / "interop" / "thread_sanitizer.supp"),
}


class Skip(Exception):
    """Something that the case needs is missing on this machine."""


CASES = []


def case(function):
    CASES.append(function)
    return function


def run_cases():
    """Runs the cases in order, or those whose names contain a word of the command line."""
    wanted = [f for f in CASES if not sys.argv[1:] or any(word in f.__name__ for word in sys.argv[1:])]
    print("1..%d" % len(wanted), flush=True)
    # SIGHUP is ignored under nohup and SIGINT in a script's background; all programs started here would inherit that.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    failed = skipped = 0
    for number, function in enumerate(wanted, 1):
        with Lab() as lab:
            try:
                reason = run_case(function, lab)
                skipped += reason is not None
                print("ok %d - %s%s" % (number, function.__name__, "" if reason is None else " # SKIP %s" % reason), flush=True)
            except Exception:  # whatever failed, the next case must run
                failed += 1
                print("not ok %d - %s" % (number, function.__name__))
                print("# " + (traceback.format_exc() + lab.tell()).strip().replace("\n", "\n# "), flush=True)
    sys.exit(1 if failed else 77 if skipped == len(wanted) else 0)


def run_case(function, lab):
    """Returns None, or the reason why the case was skipped."""
    skip = None
    try:
        function(lab)
    except Skip as reason:
        skip = reason
    lab.end_machines()
    check(not lab.reports(), "a sanitizer has something to say")
    return skip


@functools.cache
def sanitized():
    """Whether the programs have a sanitizer that reserves terabytes of address space, and some memory."""
    binary = pathlib.Path(program("guestdump-vm")).read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip("%s is not installed" % program)


def check(truth, message, *values):
    if not truth:
        raise AssertionError(message % values if values else message)


def check_equal(found, expected, what):
    check(found == expected, "%s is %r, expected %r", what, found, expected)


PYTHON = "/usr/bin/python3"  # Debian's, which finds Debian's modules


def need_module(module):
    if subprocess.run([PYTHON, "-c", "import " + module], capture_output=True).returncode != 0:
        raise Skip("python3-%s is not installed" % module)


def kernel_symbols():
    """Path of the vmlinux with debug symbols for the kernel that linux_guest() boots."""
    if not os.environ.get("KERNEL_DEBUG_SYMBOLS"):
        raise Skip("needs a download of 280 MB; KERNEL_DEBUG_SYMBOLS=1 asks for it")
    done = subprocess.run([ROOT / "scripts" / "kernel-debug-symbols.sh"], capture_output=True, text=True, timeout=1800)
    check(done.returncode == 0, "kernel-debug-symbols.sh: %s", done.stderr)
    return done.stdout.strip()


def linux_guest(*options):
    """Folder of a frozen Linux guest with QEMU's dumps of it; see scripts/make-linux-guest.sh."""
    need("qemu-system-x86_64", "busybox", "cpio")
    done = subprocess.run([ROOT / "scripts" / "make-linux-guest.sh", *options], capture_output=True, text=True, timeout=900)
    check(done.returncode == 0, "make-linux-guest.sh: %s", done.stderr)
    return done.stdout.strip()


def kvm_works():
    """Decides as the program does: /dev/kvm can be opened and creates a virtual machine."""
    import fcntl
    try:
        device = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.close(fcntl.ioctl(device, 0xAE01, 0))  # KVM_CREATE_VM
        return True
    except OSError:
        return False
    finally:
        os.close(device)


class Machine:
    """A running emulator, guestdump-vm or QEMU, and its monitor."""

    def __init__(self, process, socket_path, error_path):
        self.process, self.socket_path, self.error_path = process, socket_path, error_path
        self._qmp = None

    @property
    def qmp(self):
        if self._qmp is None:
            try:
                self._qmp = Qmp(self.socket_path)
            except OSError as error:
                raise AssertionError("no monitor (%s); it said: %s" % (error, self.said())) from error
        return self._qmp

    def said(self):
        return self.error_path.read_text(errors="replace").strip()

    def dump(self, path, fmt="elf", paging=False, **more):
        """Dumps to the file @path; returns the seconds that the command took."""
        start = time.monotonic()
        self.qmp("dump-guest-memory", paging=paging, protocol="file:%s" % path, format=fmt, **more)
        return time.monotonic() - start

    def quit(self):
        """Ends it with its own command; fails unless that command ended it."""
        self.qmp("quit")
        check_equal(self.process.wait(30), 0, "exit status after quit")

    def kill(self):
        if self._qmp:
            self._qmp.sock.close()
            self._qmp = None
        self.process.kill()
        self.process.wait(30)


class Lab:
    """The folder and children of one case; both are removed when it ends."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guestdump-"))
        self.children, self.machines = [], []
        os.environ.update({name: options + self.path("sanitizer") for name, options in SANITIZERS.items()})
        return self

    def __exit__(self, *_):
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return str(self.folder / name)

    def need_disk(self):
        """Skips the case if the folder of path() is in memory."""
        kind = self.run("stat", "-f", "-c", "%T", self.folder).strip()
        if kind in ("tmpfs", "ramfs"):
            raise Skip("%s is on %s" % (self.folder.parent, kind))

    def leave_leaks(self):
        """Disables the search for leaks at exit from now on; AddressSanitizer starts a process for it."""
        os.environ["ASAN_OPTIONS"] += ":detect_leaks=0"

    def end_machines(self):
        """Ends running machines with SIGTERM, like a host that shuts down. A killed process reports no leaks."""
        alive = [machine.process for machine in self.machines if machine.process.poll() is None]
        for process in alive:
            process.terminate()
        for process in alive:
            process.wait(60)

    def reports(self):
        """Sanitizer reports of all programs started here. libvirt does not pass on our options, but keeps a log."""
        logs = [log for log in self.folder.rglob("*.log") if re.search(b"Sanitizer|runtime error:", log.read_bytes())]
        return sorted(self.folder.glob("sanitizer.*")) + logs

    def tell(self):
        """Describes what happened to the children, for a case that failed."""
        told = ["child %d: exit status %s" % (child.pid, child.poll()) for child in self.children]
        return "\n".join(told + [file.read_text(errors="replace") for file in sorted(self.folder.glob("errors*")) + self.reports()])

    def start(self, *command, errors=subprocess.DEVNULL, **more):
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                 start_new_session=True, **more)
        self.children.append(child)
        return child

    def machine(self, *command, **more):
        """Starts an emulator with a QMP socket in addition to its other options."""
        number = len(self.children)
        socket_path, error_path = self.path("qmp%d" % number), self.folder / ("errors%d" % number)
        with open(error_path, "w") as errors:
            child = self.start(*command, "-qmp", "unix:%s,server=on,wait=off" % socket_path, errors=errors, **more)
        return Machine(child, socket_path, error_path)

    def vm(self, *options, **more):
        self.machines.append(self.machine(program("guestdump-vm"), *options, **more))
        return self.machines[-1]

    def qemu(self, *options, accel="tcg", **more):
        """The installed QEMU, or the one that GUESTDUMP_QEMU names."""
        qemu = os.environ.get("GUESTDUMP_QEMU", "qemu-system-x86_64")
        need(qemu)
        return self.machine(qemu, "-display", "none", "-nic", "none", "-accel", accel, *options, **more)

    def run(self, *command, timeout=120, status=0, **more):
        """Runs a program to its end and returns all its output; fails on any other exit status (None: accept all)."""
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout, **more)
        check(status is None or done.returncode == status, "%s: exit status %d: %s", command[0], done.returncode, done.stdout)
        return done.stdout


def program(name):
    """Path of one of the project's programs, in the build directory GUESTDUMP_BUILD, which meson sets for its tests."""
    build = os.environ.get("GUESTDUMP_BUILD", str(ROOT / "build-release"))
    path = os.path.abspath(os.path.join(build, "tools", name))
    check(os.access(path, os.X_OK), "%s is not built", path)
    return path
