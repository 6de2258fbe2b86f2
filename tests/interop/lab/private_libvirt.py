# SPDX-License-Identifier: GPL-2.0-or-later
"""A private libvirtd: real libvirt without systemd and dbus, and without touching the host's libvirt.

It runs in mount, network and process namespaces of its own. Everything that it starts, including emulators, ends with
the case: when the first process of a process namespace ends, so do the others.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from lab import Skip, check, need

PATIENCE = 60  # seconds
LIBVIRTD = "/usr/sbin/libvirtd"

# The first process of the namespace: mounts what libvirtd needs, then reaps processes, as an init does.
INIT = r"""
set -e
for name in run lib log cache; do
    mkdir -p "/var/$name/libvirt" "/run/libvirt" "$1/$name"
done
mount --bind "$1/etc" /etc/libvirt
mount --bind "$1/run" /run/libvirt
for name in lib log cache; do mount --bind "$1/$name" "/var/$name/libvirt"; done
mount -t tmpfs -o size=1M none "$1/small"
touch "$1/ready"
exec /usr/bin/python3 -c '
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
while True:
    signal.sigwait({signal.SIGCHLD})
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
'
"""
QEMU_CONF = """
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
"""
LIBVIRTD_CONF = """
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs="3:file:%s"
"""


def wait_for(done, what):
    """Returns when @done() is true; fails after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while not done():
        check(time.monotonic() < end, "waited %d seconds for %s", PATIENCE, what)
        time.sleep(0.05)


def only_child(pid):
    """The pid of a process's child; 0 if there is none yet."""
    return int(pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text() or 0)


class Libvirt:
    """libvirtd, and virsh connected to it. Its folder has a file system of 1 MiB at small/.

    @more_options: lines for its qemu.conf. @daemon_options: lines for its libvirtd.conf."""

    def __init__(self, lab, more_options="", daemon_options=""):
        need("virsh", "unshare", "nsenter")
        if os.geteuid() != 0:
            raise Skip("a private libvirtd needs root")
        if not os.access(LIBVIRTD, os.X_OK):
            raise Skip("libvirtd is not installed")
        self.lab, self.folder = lab, lab.folder / "v"
        for name in ("run", "lib", "log", "cache", "small"):
            (self.folder / name).mkdir(parents=True)
        shutil.copytree("/etc/libvirt", self.folder / "etc", symlinks=True)
        (self.folder / "etc" / "qemu.conf").write_text(QEMU_CONF + more_options)
        (self.folder / "etc" / "libvirtd.conf").write_text(LIBVIRTD_CONF % (self.folder / "libvirtd.log") + daemon_options)
        self.init = self._start_namespaces()
        self.start()

    def _start_namespaces(self):
        with open(self.folder / "errors", "w") as errors:
            holder = self.lab.start("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                                    "--propagation", "private", "bash", "-c", INIT, "init", self.folder, errors=errors)
        wait_for(lambda: (self.folder / "ready").exists() or holder.poll() is not None, "namespaces")
        if holder.poll() is not None:
            raise Skip("no namespaces here: " + (self.folder / "errors").read_text().strip())
        return only_child(holder.pid)

    def start(self):
        """Starts the daemon, also again after kill()."""
        with open(self.folder / "errors", "a") as errors:
            entering = self.lab.start("nsenter", "--target", self.init, "--mount", "--net", "--pid", "--", LIBVIRTD, "-f",
                                      "/etc/libvirt/libvirtd.conf", "-p", "/run/libvirt/libvirtd.pid", errors=errors)
        wait_for(lambda: only_child(entering.pid), "libvirtd to start")
        self.entering, self.pid = entering, only_child(entering.pid)
        wait_for(lambda: self._virsh("list").returncode == 0, "libvirtd; see %s" % self.folder)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.entering.wait(PATIENCE)

    def command(self, *words):
        return ["virsh", "-c", "qemu+unix:///system?socket=%s" % (self.folder / "run" / "libvirt-sock"), *map(str, words)]

    def _virsh(self, *words):
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)

    def __call__(self, *words):
        """Runs virsh, which must succeed; returns its output."""
        done = self._virsh(*words)
        check(done.returncode == 0, "virsh %s: %s\n%s", " ".join(map(str, words)), done.stdout, self.log())
        return done.stdout

    def refuses(self, *words):
        """Runs virsh, which must fail; returns its output."""
        done = self._virsh(*words)
        check(done.returncode != 0, "virsh %s succeeded: %s", " ".join(map(str, words)), done.stdout)
        return done.stdout

    def begin(self, *words):
        """Starts virsh without waiting for it."""
        return self.lab.start(*self.command(*words))

    def emulator(self, name):
        """The pid of a running domain, as seen from outside the namespaces."""
        inside = (self.folder / "run" / "qemu" / (name + ".pid")).read_text().strip()
        namespace = os.readlink("/proc/%d/ns/pid" % self.init)
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "status").read_text().split("NSpid:")[1].split("\n")[0].split()[-1] == inside \
                        and os.readlink(process / "ns" / "pid") == namespace:
                    return int(process.name)
        raise AssertionError("no process %s in the namespace" % inside)

    def emulator_log(self, name):
        return (self.folder / "log" / "qemu" / (name + ".log")).read_text()

    def log(self):
        """The end of libvirtd's log."""
        lines = (self.folder / "libvirtd.log").read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if "ioctl" not in line)[-2000:]
