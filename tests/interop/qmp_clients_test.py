#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Existing QMP clients, byte for byte as they send: QEMU's tests, its shell, libguestfs, Xen, Ganeti."""
import json
import os
import signal
import subprocess

from lab import case, check, check_equal, program, run_cases
from lab.wire import PATIENCE, Listener, Wire, connected, open_fds

CAPABILITIES = b'{"execute": "qmp_capabilities"}'


def quiet_machine(lab, *options):
    return lab.vm("-S", "-m", "16", "-accel", "qtest", *options)


def attached(machine):
    wire = Wire(connected(machine.socket_path))
    check("QMP" in wire.line(), "no greeting")
    return wire


def negotiated(machine, request=CAPABILITIES):
    wire = attached(machine)
    check_equal(wire.returned(request), {}, "the reply to qmp_capabilities")
    return wire


class Libqtest:
    """Starts an emulator as QEMU's libqtest does: the emulator connects to two sockets."""

    def __init__(self, lab, *options):
        qtest, qmp = Listener(lab.path("qtest")), Listener(lab.path("qtest.qmp"))
        self.process = lab.start(
            program("guestdump-vm"), "-qtest", "unix:" + lab.path("qtest"), "-qtest-log", "/dev/null",
            "-chardev", "socket,path=%s,id=char0" % lab.path("qtest.qmp"), "-mon", "chardev=char0,mode=control",
            "-display", "none", "-audio", "none", *options, "-accel", "qtest")
        self.qtest, self.qmp = qtest.accept(), qmp.accept()
        self.greeting = self.qmp.line()
        self.qtest.send(b"endianness\n")
        check_equal(self.qtest.until(b"\n"), b"OK little\n", "the answer to endianness")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        check_equal(self.process.wait(PATIENCE), 0, "exit status after SIGTERM")


MALFORMED = [b"{]", b"{\xff", b"{\x01", b"{'bad \xff", b"{'bad\x01", b'{"bad": "\x01', b"%p", b"null ", b"{}",
             b'{"execute": true}', b'{"execute": "query-name", "arguments": []}', b'{"execute": "query-name", "extra": 1}']


def check_malformed_input(wire, works):
    """Each is answered at once, without a newline, and the request after it works."""
    for garbled in MALFORMED:
        wire.refused(garbled)
        wire.send(b"\xff\n")  # ends whatever came before, as QEMU's tests do
        check("error" in wire.line(), "0xff is no JSON")
        works(wire)


@case
def qmp_test_protocol(lab):
    qemu = Libqtest(lab, "-nodefaults", "-machine", "none")
    version = qemu.greeting["QMP"]["version"]
    check_equal(set(version), {"qemu", "package"}, "members of the version")
    check_equal(set(version["qemu"]), {"major", "minor", "micro"}, "members of the version's number")
    check_equal(qemu.greeting["QMP"]["capabilities"], ["oob"], "capabilities")
    not_yet = b"{'execute': 'query-version'}"
    qemu.qmp.refused(not_yet, "CommandNotFound")
    check_malformed_input(qemu.qmp, lambda wire: wire.refused(not_yet, "CommandNotFound"))
    check_equal(qemu.qmp.returned(b"{'execute': 'qmp_capabilities'}"), {}, "the reply")
    qemu.qmp.refused(b"{'execute': 'qmp_capabilities'}", "CommandNotFound")
    check_malformed_input(qemu.qmp, lambda wire: wire.returned(not_yet))
    check_equal(qemu.qmp.ask(b"{'execute': 'query-name', 'id': 'cookie#1'}"), {"return": {}, "id": "cookie#1"}, "with an id")
    qemu.qmp.refused(b"{'execute': 'human-monitor-command'}")
    answer = qemu.qmp.ask(b"{'execute': 'human-monitor-command', 'id': 'cookie#2'}")
    check_equal((answer["error"]["class"], answer["id"]), ("GenericError", "cookie#2"), "an error with an id")
    check_equal(qemu.qmp.refused(b"{'execute': 'object-add', 'arguments': {'id': 'm', 'size': 1}}"),
                "Parameter 'qom-type' is missing", "a missing argument")
    qemu.end()


@case
def qmp_test_oob(lab):
    qemu = Libqtest(lab, "-nodefaults", "-machine", "none")
    qemu.qmp.refused(b"{'execute': 'qmp_capabilities', 'arguments': {'enable': ['cap-does-not-exist']}}")
    qemu.qmp.returned(b"{'execute': 'qmp_capabilities', 'arguments': {'enable': ['oob']}}")
    qemu.qmp.refused(b"{'exec-oob': 'query-cpus-fast'}")
    answer = qemu.qmp.ask(b"{'execute': null, 'id': 'err-1'}")
    check_equal((answer["error"]["class"], answer["id"]), ("GenericError", "err-1"), "malformed input with an id")
    qemu.end()


@case
def out_of_band_overtakes_a_command_that_blocks(lab):
    """A dump into a pipe that nobody reads blocks its client's other commands, except those sent with exec-oob."""
    wire = negotiated(lab.vm("-S", "-m", "64", "-accel", "qtest"),
                      b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}')
    reader, writer = os.pipe()
    wire.returned(b'{"execute": "getfd", "arguments": {"fdname": "pipe"}}', [writer])
    os.close(writer)
    wire.send(b'{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "fd:pipe"}, "id": "slow"}'
              b'{"execute": "query-name", "id": "behind"}{"exec-oob": "query-dump", "id": "ahead"}')
    while (answer := wire.line()).get("id") != "ahead":
        check("event" in answer, "%r came first", answer)
    check_equal(answer["return"]["status"], "active", "the dump")
    with open(reader, "rb") as pipe:
        while pipe.read(1 << 20):
            pass
    answers = []
    while len(answers) < 2:
        answer = wire.line()
        if "event" not in answer:
            answers.append(answer["id"])
    check_equal(answers, ["slow", "behind"], "the order of the replies")


@case
def qmp_test_preconfig(lab):
    qemu = Libqtest(lab, "-nodefaults", "-machine", "none", "--preconfig")
    qemu.qmp.returned(CAPABILITIES)
    check(qemu.qmp.returned(b"{'execute': 'query-commands'}"), "no commands")
    qemu.qmp.refused(b"{'execute': 'query-cpus-fast'}")
    check_equal(qemu.qmp.returned(b"{'execute': 'query-status'}")["status"], "prelaunch", "status in preconfig")
    qemu.qmp.send(b"{'execute': 'x-exit-preconfig'}")
    check_equal(qemu.qmp.line()["event"], "RESUME", "the event")
    check_equal(qemu.qmp.line(), {"return": {}}, "the reply")
    check_equal(qemu.qmp.returned(b"{'execute': 'query-status'}")["status"], "running", "status behind preconfig")
    qemu.qmp.refused(b"{'execute': 'x-exit-preconfig'}")
    qemu.end()


@case
def test_hmp_gets_a_string_for_every_command_that_help_lists(lab):
    qemu = Libqtest(lab, "-S", "-M", "none", "-m", "2")
    qemu.qmp.returned(CAPABILITIES)

    def hmp(line):
        said = qemu.qmp.returned(json.dumps({"execute": "human-monitor-command", "arguments": {"command-line": line}}).encode())
        check(isinstance(said, str), "%r says %r", line, said)
        return said.replace("\r", "")

    check(hmp("help"), "help says nothing")
    infos = [line.split()[1].split("|")[0] for line in hmp("info").splitlines() if line.startswith("info ")]
    check(len(infos) >= 5, "info lists %s", infos)
    for name in infos:
        check("unknown command" not in hmp("info " + name), "info %s is unknown", name)
    for line in ("print 1", "xp /8xb 0", "gpa2hva 0", "info mtree -f", "stop", "cont", "dump-guest-memory /dev/null 0 4096"):
        check("unknown command" not in hmp(line), "%s is unknown", line)
    qemu.end()


@case
def qmp_cmd_test_finds_each_command_of_the_schema(lab):
    wire = negotiated(quiet_machine(lab))
    schema = {info["name"]: info for info in wire.returned(b'{"execute": "query-qmp-schema"}')}
    commands = {info["name"] for info in wire.returned(b'{"execute": "query-commands"}')}
    check_equal({name for name, info in schema.items() if info["meta-type"] == "command"}, commands, "commands of the schema")
    for name in sorted(commands - {"quit", "qmp_capabilities"}):
        members = schema[schema[name]["arg-type"]]["members"]
        if name.startswith("query-") and all("default" in member for member in members):
            answer = wire.ask(json.dumps({"execute": name}).encode())
            check("return" in answer, "%s: %s", name, answer)


@case
def qmp_shell_sends_no_newline(lab):
    wire = attached(quiet_machine(lab))
    wire.send(b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": "__qmp#00000"}')
    check_equal(wire.line(), {"return": {}, "id": "__qmp#00000"}, "the reply to qmp_capabilities")
    wire.send(b'{"execute": "query-commands", "id": "__qmp#00001"}')
    check(len(wire.line()["return"]) > 20, "few commands")
    for number, line in enumerate(["help", "info", "info status"], 2):
        wire.send(json.dumps({"execute": "human-monitor-command", "id": "__qmp#%05d" % number,
                              "arguments": {"command-line": line, "cpu-index": 0}}).encode())
        answer = wire.line()
        check(answer["id"] == "__qmp#%05d" % number and answer["return"], "%s is answered by %s", line, answer)


@case
def libguestfs_says_all_on_one_line_and_closes(lab):
    line = b'{ "execute": "qmp_capabilities" } { "execute": "query-kvm" } { "execute": "quit" }\n'
    done = subprocess.run([program("guestdump-vm"), "-display", "none", "-machine", "accel=kvm:tcg", "-qmp", "stdio"],
                          input=line, capture_output=True, timeout=PATIENCE)
    check_equal(done.returncode, 0, "exit status")
    answers = [json.loads(answer) for answer in done.stdout.split(b"\r\n") if answer]
    replies = [answer for answer in answers if "return" in answer]
    check("QMP" in answers[0], "first came %s", answers[0])
    check_equal(len(replies), 3, "replies in %s" % answers)
    check(isinstance(replies[1]["return"]["enabled"], bool), "query-kvm says %s", replies[1])


@case
def ganeti_drops_what_comes_before_its_handshake(lab):
    wire = attached(quiet_machine(lab))
    wire.socket.setblocking(False)
    try:
        check(not wire.socket.recv(1), "something came between greeting and handshake")
    except BlockingIOError:
        pass
    wire.socket.settimeout(PATIENCE)
    wire.returned(b'{"execute": "qmp_capabilities", "arguments": {}}')
    names = {command["name"] for command in wire.returned(b'{"execute": "query-commands", "arguments": {}}')}
    for name in ("getfd", "add-fd", "query-status", "query-fdsets"):
        check(name in names, "query-commands lacks %s", name)


FD_PASSING = {
    "with the whole command, as drgn": [(b'{"execute": "getfd", "arguments": {"fdname": "x"}}\r\n', True)],
    "with a space before it, as Ganeti and qemu.qmp": [
        (b" ", True), (b'{"execute": "getfd", "arguments": {"fdname": "x"}}', False)],
    "with its first byte, as Xen": [(b"{", True), (b'"execute": "getfd", "arguments": {"fdname": "x"}}', False)],
}


@case
def descriptors_come_in_three_ways(lab):
    machine = quiet_machine(lab)
    before = None
    for way, packets in FD_PASSING.items():
        path = lab.path("vmcore")
        wire = negotiated(machine)
        before = before or open_fds(machine.process.pid)
        with open(path, "wb") as target, open("/dev/null", "rb") as other:
            for data, with_fd in packets:
                wire.send(data, [target.fileno(), other.fileno()] if with_fd else [])
        check_equal(wire.line(), {"return": {}}, "the reply to getfd " + way)
        wire.returned(b'{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "fd:x"}}')
        with open(path, "rb") as file:
            check_equal(file.read(4), b"\x7fELF", "the file that came " + way)
        check_equal(open_fds(machine.process.pid), before, "descriptors after one came " + way)
        wire.socket.close()


@case
def a_later_packet_with_descriptors_replaces_an_earlier_one(lab):
    machine = quiet_machine(lab)
    wire = negotiated(machine)
    with open(lab.path("first"), "wb") as first, open(lab.path("second"), "wb") as second:
        wire.send(b" ", [first.fileno()])
        wire.send(b" ", [second.fileno()])
        wire.send(b" ")
    wire.returned(b'{"execute": "getfd", "arguments": {"fdname": "x"}}')
    opened = open_fds(machine.process.pid)
    check(lab.path("second") in opened and lab.path("first") not in opened, "open: %s", opened)
    wire.refused(b'{"execute": "getfd", "arguments": {"fdname": "y"}}')


run_cases()
