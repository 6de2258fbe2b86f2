#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our answers to the exchanges that qmp_exchanges.py recorded from QEMU, member by member."""
import json
import subprocess

from lab import case, check, check_equal, need, run_cases
from lab.qmp_exchanges import OPTIONS, TABLE, exchanges_with

# Members whose values differ between programs, wherever they occur.
OWN = {"version", "package", "qemu", "micro", "timestamp", "thread-id", "total", "completed", "present", "enabled"}
# Parts of messages that we answer differently, with the reason.
DIFFERENT = {
    '"format": "kdump-zlib", "begin": 0': "ranges are possible in kdump files too",
    "/dev/full": "our error says which bytes of which file could not be written",
}
GRAMMAR = "JSON parse error, "  # json-c has its own words after this


def compare(ours, theirs, where):
    """Fails unless @ours has everything that @theirs has. More is allowed, because clients ignore unknown members."""
    if isinstance(theirs, dict):
        check(isinstance(ours, dict), "%s: %r instead of %r", where, ours, theirs)
        for key in theirs.keys() - OWN:
            check(key in ours, "%s: %r lacks %r", where, ours, key)
            compare(ours[key], theirs[key], "%s, %s" % (where, key))
    elif isinstance(theirs, str) and theirs.startswith(GRAMMAR) and "stray" not in theirs and "duplicate" not in theirs:
        check(ours.startswith(GRAMMAR), "%s: %r instead of %r", where, ours, theirs)
    elif isinstance(theirs, list):
        check_equal(len(ours), len(theirs), "%s: number of elements" % where)
        for mine, other in zip(ours, theirs):
            compare(mine, other, where)
    else:
        check_equal(ours, theirs, where)


def events(exchanges):
    """All events in order. They may arrive before or after the reply of the command that caused them."""
    return [answer for message, answers in exchanges for answer in answers
            if "event" in answer and not any(part in message for part in DIFFERENT)]


def replies(answers):
    return [answer for answer in answers if "event" not in answer]


@case
def our_answers_have_all_that_qemus_have(lab):
    recorded = json.loads(TABLE.read_text())
    ours = exchanges_with(lab.vm(*OPTIONS).socket_path)
    for (message, mine), (recorded_message, theirs) in zip(ours, recorded, strict=True):
        check_equal(message, recorded_message, "the message; qmp_exchanges.py records the table anew")
        if not any(part in message for part in DIFFERENT):
            compare(replies(mine), replies(theirs), message)
    compare([event["event"] for event in events(ours)], [event["event"] for event in events(recorded)], "the events")


@case
def the_table_is_what_qemu_says(lab):
    need("qemu-system-x86_64")
    recorded = json.loads(TABLE.read_text())
    version = recorded[0][1][0]["QMP"]["version"]["qemu"]
    said = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, timeout=20).stdout
    if "version %(major)d.%(minor)d." % version not in said:
        return  # another QEMU; the table is for the reference version
    for (message, now), (_, then) in zip(exchanges_with(lab.qemu(*OPTIONS).socket_path), recorded, strict=True):
        compare(replies(now), replies(then), message)


run_cases()
