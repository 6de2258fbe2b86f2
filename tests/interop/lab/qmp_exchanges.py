#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP exchanges with QEMU. Run as a program, records Debian's QEMU into qmp_exchanges.json.

A message is what a client sends, as text whose characters are the bytes. Its answers are everything that arrives before
the answer to a marker sent after it.
"""
import json
import pathlib
import socket
import time

TABLE = pathlib.Path(__file__).with_suffix(".json")
OPTIONS = ["-S", "-machine", "pc", "-m", "16", "-vga", "none", "-nodefaults"]
MARKER = {"execute": "no-such-command", "id": "end of the answers"}
PATIENCE = 20  # seconds

BEFORE_HANDSHAKE = [
    '{"execute": "query-version"}', '{"execute": "no-such-command", "id": 7}', '{"execute": 1}', '{]', '{\xff', '{\x01',
    "{'bad \xff", '{"bad": "\x01"}', '%p', 'null ', '{}', '[]', '[1,]', '{"a" 1}', '"\\u00e9" ', 'nul ', '01 ', '- ',
    '{"execute": "qmp_capabilities", "arguments": {"enable": [1]}}',
    '{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": {"x": [null, true, -1.5]}}',
]
AFTER_HANDSHAKE = [
    '{"execute": "qmp_capabilities"}', '{"execute": "no-such-command"}', '{"execute": true}', 'null ', '{}',
    '{"execute": "query-name", "arguments": []}', '{"execute": "query-name", "arguments": null}',
    '{"execute": "query-name", "x": 1, "id": "a"}', '{"execute": "query-name", "arguments": {"x": 1}}',
    '{"execute": "query-name", "execute": "query-name"}', '{"execute": "query-name", "exec-oob": "query-name"}',
    '{"exec-oob": "query-name", "id": 1}', "{'execute': 'query-name'}{'execute': 'query-uuid'}\n{'execute': 'query-target'}",
    '{"execute": "query-name", "id": "\\u00e9\\ud83d\\ude00\\n\x7f"}', '{"execute": "query-name", "id": 18446744073709551615}',
    '{"execute": "query-name", "id": 18446744073709551616}', '{"execute": "query-name", "id": -9223372036854775808}',
    '{"execute": "query-version"}', '{"execute": "query-status"}', '{"execute": "query-kvm"}',
    '{"execute": "query-memory-size-summary"}', '{"execute": "query-dump"}', '{"execute": "query-cpus-fast"}',
    '{"execute": "getfd", "arguments": {"fdname": "x"}}', '{"execute": "getfd"}',
    '{"execute": "closefd", "arguments": {"fdname": "x"}}', '{"execute": "query-fdsets"}', '{"execute": "add-fd"}',
    '{"execute": "remove-fd", "arguments": {"fdset-id": 1}}', '{"execute": "remove-fd", "arguments": {"fdset-id": 1, "fd": 2}}',
    '{"execute": "dump-guest-memory"}', '{"execute": "dump-guest-memory", "arguments": {"paging": 1}}',
    '{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": 1}}',
    *('{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "%s"%s}}' % words for words in [
        ("fd:x", ""), ("file:/no/such/folder/x", ""), ("file:/dev/fdset/9", ""), ("file:/x", ', "format": "quux"'),
        ("file:/x", ', "format": null'), ("file:/x", ', "begin": "1"'), ("file:/x", ', "begin": 0.5'), ("file:/x", ', "zip": 1'),
        ("file:/x", ', "begin": 0'), ("file:/x", ', "length": 1'), ("file:/dev/null", ', "format": "kdump-zlib", "begin": 0, "length": 1'),
        ("file:/dev/null", ""), ("file:/dev/null", ', "begin": 0, "length": 4096'), ("file:/dev/full", "")]),
    '{"execute": "query-dump"}', '{"execute": "stop"}', '{"execute": "cont"}', '{"execute": "query-status"}', '{"execute": "cont"}',
    '{"execute": "stop"}', '{"execute": "query-status"}', '{"execute": "system_reset"}',
    *('{"execute": "human-monitor-command", "arguments": {"command-line": "%s"}}' % line for line in [
        "info status", "nope", "info nope", "stop now", "info memory_size_summary", "info dump", "dump-guest-memory",
        "dump-guest-memory -x f", "dump-guest-memory /no/such/folder/f", "dump-guest-memory f 1", "print 1+2*3", "p /d 0x10",
        "xp /2xg 0x20000000", "xp /4xb 0x8000", "gpa2hva 0x100000000000", "help stop", "xp", "p (1", "p 1/0", "info uuid"]),
    '{"execute": "human-monitor-command", "arguments": {"command-line": "info status", "cpu-index": 9}}',
    '{"execute": "human-monitor-command"}', '{"execute": "qom-list", "arguments": {"path": "/no/such"}}',
    *('{"execute": "object-add", "arguments": {%s}}' % words for words in [
        '"qom-type": "memory-backend-ram", "id": "m", "size": 4096', '"qom-type": "memory-backend-ram", "id": "m", "size": 4096',
        '"qom-type": "memory-backend-ram", "id": "1m", "size": 4096', '"qom-type": "memory-backend-ram", "id": "n"',
        '"qom-type": "memory-backend-ram", "id": "n", "size": 0', '"qom-type": "memory-backend-ram", "id": "n", "size": 4096, "x": 1',
        '"qom-type": "memory-backend-ram"', '"id": "n"',
        '"qom-type": "memory-backend-ram", "id": "n", "size": 4096, "mem-path": "/x"',
        '"qom-type": "memory-backend-file", "id": "n", "size": 4096', '"qom-type": "nope", "id": "n"']),
    '{"execute": "qom-list", "arguments": {"path": "/objects"}}',
    *('{"execute": "object-del", "arguments": {"id": "%s"}}' % name for name in ["m", "m", "pc.ram"]),
    '{"execute": "device-list-properties", "arguments": {"typename": "nope"}}',
    '{"execute": "device-list-properties", "arguments": {"typename": "memory-backend-ram"}}',
    '{"execute": "x-exit-preconfig"}', '{"execute": "query-jobs"}', '{"execute": "query-block"}',
]


class Conversation:
    """A raw connection: sends bytes, reads lines."""

    def __init__(self, socket_path):
        self.socket = connected(socket_path)
        self.lines = self.socket.makefile("rb")
        self.greeting = self.read()

    def read(self):
        line = self.lines.readline()
        if not line.endswith(b"\r\n"):
            raise AssertionError("a line that does not end in CR LF: %r" % line)
        return json.loads(line)

    def answers(self, message):
        self.socket.sendall(message.encode("latin-1") + json.dumps(MARKER).encode())
        answers = []
        while (answer := self.read()).get("id") != MARKER["id"]:
            answers.append(answer)
        return answers


def connected(socket_path):
    """A connection to an emulator that may still be starting."""
    end = time.monotonic() + PATIENCE
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(socket_path)
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def exchanges_with(socket_path):
    """The greeting, and [message, answers] for every message above."""
    conversation = Conversation(socket_path)
    return [["", [conversation.greeting]]] + [
        [message, conversation.answers(message)] for message in BEFORE_HANDSHAKE + AFTER_HANDSHAKE]


def record():
    from lab import Lab
    with Lab() as lab:
        exchanges = exchanges_with(lab.qemu(*OPTIONS).socket_path)
    lines = ",\n".join(json.dumps(exchange) for exchange in exchanges)
    TABLE.write_text("[\n%s\n]\n" % lines)


if __name__ == "__main__":
    record()
