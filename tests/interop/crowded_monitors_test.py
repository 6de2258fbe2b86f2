#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""50 clients at once, some of them hostile: dumps and the other clients go on, and memory stays bounded. Clients that
disconnect early, read late or request much get their own replies and delay nobody.
"""
import json
import os
import socket
import threading
import time

from lab import case, check, check_equal, program, run_cases
from lab.wire import Wire, connected

CLIENTS = 50
NESTING = 64 << 20  # bytes
MIB = 1 << 20
SECONDS = 8  # at least
BOUND = 64 * MIB  # growth of memory; most of it is for the stages of a dump
ESTIMATE = b'{"execute": "query-dump-estimate", "arguments": {"format": "kdump-zlib"}}'
ASKING = 3.0  # seconds
LATE = 5.0  # limit for an answer on a busy host, seconds


def resident(pid):
    """A process's own memory in bytes, without guest RAM, which is shared here."""
    with open("/proc/%d/status" % pid) as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["RssAnon"].split()[0]) * 1024


class Crowd:
    """A machine with one monitor per client; all clients are connected and negotiated."""

    def __init__(self, lab):
        sockets = [lab.path("c%d" % number) for number in range(CLIENTS)]
        options = [word for path in sockets for word in ("-qmp", "unix:%s,server=on,wait=off" % path)]
        self.machine = lab.vm("-object", "memory-backend-memfd,id=ram,size=64M", "-machine", "pc,memory-backend=ram",
                              "-accel", "synthetic", *options)
        self.pid = self.machine.process.pid
        self.clients = [Wire(connected(path)) for path in sockets]
        for client in self.clients:
            client.line()
            client.returned(b'{"execute": "qmp_capabilities"}')
        self.trouble, self.over = [], threading.Event()
        self.threads = []

    def begin(self, function, *arguments):
        """Runs @function on a thread; end() raises its exceptions."""
        def run():
            try:
                function(*arguments)
            except Exception as error:  # of any kind; reported at the end
                self.trouble.append(error)
        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)
            check(not thread.is_alive(), "a client hangs")
        if self.trouble:
            raise self.trouble[0]


def send_a_byte_a_second(crowd, client):
    for byte in b'{"execute": "query-status", "id": "slow"}':
        if crowd.over.wait(1):
            return
        client.send(bytes([byte]))


def send_without_reading(crowd, client):
    """Requests the longest of all answers until the server accepts no more requests."""
    client.socket.settimeout(0.2)
    try:
        while not crowd.over.is_set():
            client.socket.sendall(b'{"execute": "query-qmp-schema"}' * 100)
    except TimeoutError:
        crowd.over.wait()


def send_nesting(crowd, client):
    """Sends brackets that are never closed, and reads the errors so that all brackets are accepted."""
    crowd.begin(read_errors, client)
    block = b"[" * MIB
    client.socket.settimeout(60)
    for _ in range(NESTING // len(block)):
        client.socket.sendall(block)
    client.socket.sendall(b'\xff{"execute": "query-status", "id": "behind"}')


def read_errors(client):
    errors = 0
    while True:
        answer = client.line()
        if answer.get("id") == "behind":
            break
        errors += "error" in answer
    print("# %d MiB of nesting: %d errors" % (NESTING // MIB, errors))
    check(errors >= NESTING // 1025, "%d errors for %d brackets", errors, NESTING)


def work(crowd, client, slowest):
    while not crowd.over.is_set():
        begin = time.monotonic()
        client.returned(b'{"execute": "query-status"}')
        slowest.append(time.monotonic() - begin)


@case
def dumps_and_clients_go_on_among_hostile_ones(lab):
    crowd = Crowd(lab)
    before = resident(crowd.pid)
    silent, slow, nesting, *others = crowd.clients
    crowd.begin(send_without_reading, crowd, silent)
    crowd.begin(send_a_byte_a_second, crowd, slow)
    hostile = crowd.begin(send_nesting, crowd, nesting)
    took = []
    for client in others[:8]:
        crowd.begin(work, crowd, client, took)
    dumps, most, end = 0, 0, time.monotonic() + SECONDS
    while time.monotonic() < end or hostile.is_alive():
        crowd.machine.dump(lab.path("vmcore"), fmt="kdump-zlib")
        dumps += 1
        most = max(most, resident(crowd.pid))
    for client in others[8:]:
        client.returned(b'{"execute": "query-status"}')  # after all events of all dumps
    crowd.end()
    print("# %d clients, %d dumps, %d answers, the slowest in %.3f s; own memory %.1f MiB before, %.1f at most"
          % (CLIENTS, dumps, len(took), max(took), before / MIB, most / MIB))
    check(dumps > 3, "only %d dumps", dumps)
    check(max(took) < LATE, "an answer took %.3f s", max(took))
    check(most - before < BOUND, "memory grew from %d to %d bytes", before, most)
    check_equal(crowd.machine.qmp("query-status")["status"], "running", "state")


def negotiated(path):
    client = Wire(connected(path))
    client.line()
    client.returned(b'{"execute": "qmp_capabilities"}')
    return client


@case
def estimates_of_clients_that_have_gone_are_dropped(lab):
    machine = lab.vm("-m", "256M", "-smp", "255", "-accel", "synthetic", "-qmp", "unix:%s,server=on,wait=off" % lab.path("q"))
    other = negotiated(machine.socket_path)
    other.returned(ESTIMATE)
    before, count, end = resident(machine.process.pid), 0, time.monotonic() + ASKING
    while time.monotonic() < end:
        client = negotiated(lab.path("q"))
        client.send(ESTIMATE)
        client.socket.close()
        count += 1
    begin, grown = time.monotonic(), resident(machine.process.pid) - before
    other.returned(ESTIMATE)
    took = time.monotonic() - begin
    print("# %d clients have gone, and memory grew by %.1f MiB; another one's estimate took %.3f s" % (count, grown / MIB, took))
    check(grown < 32 * MIB, "memory grew by %d bytes", grown)
    check(took < LATE, "an estimate took %.3f s", took)


@case
def a_client_that_reads_gets_one_large_message_whole(lab):
    machine = lab.vm("-accel", "synthetic")
    client, name = negotiated(machine.socket_path), "x" * (6 * MIB)
    client.send(b'{"execute": "query-name", "id": "%s"}' % name.encode())
    check_equal(len(client.line().get("id", "")), len(name), "length of the id")
    client.returned(b'{"execute": "query-status"}')


@case
def a_client_that_asks_for_many_large_replies_at_once_gets_them(lab):
    machine = lab.vm("-accel", "synthetic", "-m", "16M")
    client = negotiated(machine.socket_path)
    asked = [b'{"execute": "read-guest-memory", "arguments": {"begin": %d, "length": %d}, "id": %d}' % (MIB * number, MIB, number)
             for number in range(12)]
    client.send(b"".join(asked))
    time.sleep(0.2)  # everything has arrived before the first reply is read
    for number in range(12):
        reply = client.line()
        check("return" in reply and reply["id"] == number, "reply %d is %.100s", number, reply)
    hmp = b'{"execute": "human-monitor-command", "arguments": {"command-line": "x /4096xb 0"}}'
    client.send(hmp * 100)
    for _ in range(100):
        check("return" in client.line(), "a reply is missing")


@case
def a_client_that_has_said_all_gets_all_replies(lab):
    machine = lab.vm("-accel", "synthetic")
    for many in range(8, 32):  # with some of them slightly more than the socket buffers
        client = negotiated(machine.socket_path)
        client.send(b'{"execute": "query-qmp-schema"}' * many + b'{"execute": "query-name", "id": "last"}')
        client.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        for _ in range(many):
            check("return" in client.line(), "a schema is missing")
        check_equal(client.line(), {"return": {}, "id": "last"}, "the last reply")
        check_equal(client.socket.recv(1), b"", "what comes behind it")


@case
def replies_at_standard_output_are_taken_late(lab):
    with open(lab.path("commands"), "w") as out:
        out.write('{"execute": "qmp_capabilities"}' + '{"execute": "query-qmp-schema"}' * 8 + '{"execute": "query-name", "id": "last"}')
    os.mkfifo(lab.path("pipe"))
    command = 'timeout 20 "$0" -accel synthetic -qmp stdio <commands >pipe'
    lab.start("sh", "-c", command, program("guestdump-vm"), cwd=lab.folder)
    with open(lab.path("pipe"), "rb") as pipe:
        time.sleep(1)
        lines = [json.loads(pipe.readline()) for _ in range(11)]  # the greeting comes first
    check_equal(lines[-1], {"return": {}, "id": "last"}, "the last reply")


run_cases()
