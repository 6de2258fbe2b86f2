#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP client that shares nothing with the project's server or with QEMU's python package.

As a program, it sends one request after the other and prints replies and events as lines of JSON:

    qmp.py SOCKET '{"execute": "stop"}' '{"execute": "query-status"}'
"""
import array
import json
import os
import socket
import sys
import time


class QmpError(Exception):
    """The server answered a command with an error."""

    def __init__(self, command, reply):
        super().__init__("%s: %s: %s" % (command, reply["class"], reply["desc"]))
        self.klass, self.desc = reply["class"], reply["desc"]


def connect(path, patience):
    """A stream socket connected to @path. Tries again for @patience seconds while nobody listens."""
    folder = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY)
    # With a path through the folder's descriptor, the name may be longer than the 107 bytes of sun_path.
    short = "/proc/self/fd/%d/%s" % (folder, os.path.basename(path))
    end = time.monotonic() + patience
    try:
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(short)
                return sock
            except (FileNotFoundError, ConnectionRefusedError):
                sock.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
    finally:
        os.close(folder)


class Qmp:
    """A negotiated session. Events received while waiting for a reply are in .events, oldest first."""

    def __init__(self, path, patience=10.0, timeout=120.0, negotiate=True):
        self.sock = connect(path, patience)
        self.sock.settimeout(timeout)
        self.buffer = b""
        self.events = []
        # QEMU sends events to a monitor that has not greeted its first client yet, such as RESUME when the machine starts.
        self.greeting = self.reply()
        if negotiate:
            self("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def receive(self):
        """The next message of any kind."""
        while b"\n" not in self.buffer:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError("the monitor closed the connection")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def send(self, request, fds=()):
        data = json.dumps(request).encode() + b"\r\n"
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        # The descriptors go with the first byte that is sent; the rest may need more calls.
        sent = self.sock.sendmsg([data], rights)
        if sent < len(data):  # sending nothing would also fail if the server has gone
            self.sock.sendall(data[sent:])

    def reply(self):
        """The next message that is not an event."""
        while True:
            message = self.receive()
            if "event" not in message:
                return message
            self.events.append(message)

    def request(self, request, fds=()):
        self.send(request, fds)
        return self.reply()

    def __call__(self, command, fds=(), **arguments):
        """Runs @command and returns its result. Underscores in argument names stand for hyphens."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        answer = self.request(request, fds)
        if "error" in answer:
            raise QmpError(command, answer["error"])
        return answer["return"]

    def hmp(self, line):
        return self("human-monitor-command", command_line=line)

    def wait_event(self, name):
        """Takes the oldest event called @name out of the queue. Waits for it if necessary."""
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            message = self.receive()
            if "event" not in message:
                raise QmpError(name, {"class": "Unexpected", "desc": "a reply came while waiting for an event"})
            self.events.append(message)


def main(path, *requests):
    failed = False
    with Qmp(path, timeout=900.0) as session:
        for request in requests:
            answer = session.request(json.loads(request))
            for message in [*session.events, answer]:
                print(json.dumps(message))
            session.events.clear()
            failed |= "error" in answer
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
