# SPDX-License-Identifier: GPL-2.0-or-later
"""A client's side of a monitor's socket, byte for byte: what is sent is exactly what is written here."""
import array
import json
import os
import socket
import time

from lab import check

PATIENCE = 20  # seconds


def connected(path):
    """A connection to a socket that may not be there yet."""
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
    """A connection, and what came over it and has not been looked at."""

    def __init__(self, connection):
        self.socket, self.waiting = connection, b""
        self.socket.settimeout(PATIENCE)

    def send(self, data, fds=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sent = self.socket.sendmsg([data], rights)
        if sent < len(data):  # even nothing is a broken pipe where the other end has gone by now
            self.socket.sendall(data[sent:])

    def until(self, end):
        """What comes, up to and with @end."""
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
        """The next message; it must end as clients want it."""
        return json.loads(self.until(b"\r\n"))

    def ask(self, data, fds=()):
        """Sends @data; the reply to it, without the events that came before."""
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
    """A socket that an emulator is told to connect to."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.socket.settimeout(PATIENCE)

    def accept(self):
        return Wire(self.socket.accept()[0])


def open_fds(pid):
    """Descriptors of a process, as what they lead to; sockets are all alike."""
    folder = "/proc/%d/fd" % pid
    return sorted(os.readlink(os.path.join(folder, fd)).split(":[")[0] for fd in os.listdir(folder))
