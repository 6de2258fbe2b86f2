# SPDX-License-Identifier: GPL-2.0-or-later
"""The client side of a monitor's socket, byte for byte: exactly the given bytes are sent."""
import array
import json
import os
import socket
import time

from lab import check

PATIENCE = 20  # seconds


def connected(path):
    """Connects to a socket that may not exist yet."""
    end = time.monotonic() + PATIENCE
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except OSError:
            connection.close()
            check(time.monotonic() < end, "nobody listens at %s", path)
            time.sleep(0.02)


class Wire:
    """A connection, and the received bytes that have not been taken yet."""

    def __init__(self, connection):
        self.socket, self.waiting = connection, b""
        self.socket.settimeout(PATIENCE)

    def send(self, data, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sent = self.socket.sendmsg([data], rights)
        if sent < len(data):  # if the other end has gone, even sending nothing is a broken pipe
            self.socket.sendall(data[sent:])

    def until(self, end):
        """Returns what arrives, up to and including @end."""
        while end not in self.waiting:
            try:
                part = self.socket.recv(65536)
            except TimeoutError:
                part = b""
            check(part, "instead of %r came %d bytes, the last %r", end, len(self.waiting), self.waiting[-4096:])
            self.waiting += part
        at = self.waiting.index(end) + len(end)
        taken, self.waiting = self.waiting[:at], self.waiting[at:]
        return taken

    def line(self):
        """The next message; it must have the line end that clients expect."""
        return json.loads(self.until(b"\r\n"))

    def ask(self, data, fds=()):
        """Sends @data and returns the reply, without the events before it."""
        self.send(data, fds)
        while "event" in (answer := self.line()):
            pass
        return answer

    def returned(self, data, fds=()):
        answer = self.ask(data, fds)
        check("return" in answer, "%r is answered by %r", data, answer)
        return answer["return"]

    def refused(self, data, error_class="GenericError", fds=()):
        answer = self.ask(data, fds)
        check(answer.get("error", {}).get("class") == error_class, "%r is answered by %r", data, answer)
        return answer["error"]["desc"]


class Listener:
    """A socket to which an emulator connects."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.socket.settimeout(PATIENCE)

    def accept(self):
        return Wire(self.socket.accept()[0])


def open_fds(pid):
    """The targets of a process's descriptors; sockets are all alike."""
    folder = "/proc/%d/fd" % pid
    return sorted(os.readlink(os.path.join(folder, fd)).split(":[")[0] for fd in os.listdir(folder))
