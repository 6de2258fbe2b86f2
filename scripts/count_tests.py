#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the test cases in meson's test logs: count_tests.py LOG.json...

Counts test cases, not programs: libcheck's summary line, or the TAP lines that the interop tests print; a program that
prints neither is one case. Lists what failed or was skipped, and ends with "N passed, N failed, N skipped" alone on a line.
Exit status 1 when anything failed, or when there was nothing to count.
"""
import collections
import json
import re
import sys

CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
TAP = re.compile(r"^(not )?ok \d+ - ([^#\n]*)(?:# SKIP (.*))?$", re.M)


def cases(program):
    """(passed, failed, skipped, remarks) of one program's run."""
    name, output, result = program["name"], program.get("stdout", ""), program["result"]
    passed = failed = skipped = 0
    remarks = []
    for total, failures, errors in CHECK.findall(output):
        bad = int(failures) + int(errors)
        passed, failed = passed + int(total) - bad, failed + bad
    for bad, title, reason in TAP.findall(output):
        if bad:
            failed += 1
            remarks.append("failed: %s: %s" % (name, title.strip()))
        elif reason:
            skipped += 1
            remarks.append("skipped: %s: %s: %s" % (name, title.strip(), reason.strip()))
        else:
            passed += 1
    if result == "SKIP" and not skipped:
        skipped = 1
        remarks.append("skipped: %s" % name)
    elif result not in ("OK", "SKIP") and not failed:
        # It ended early: a timeout, a crash, or a sanitizer's report at the end.
        failed = 1
    elif result == "OK" and not passed + skipped:
        passed = 1
    if failed and not any(remark.startswith("failed") for remark in remarks):
        remarks.append("failed: %s (%s)" % (name, result.lower()))
    return passed, failed, skipped, remarks


def main(logs):
    totals = collections.Counter()
    for log in logs:
        with open(log) as lines:
            for line in lines:
                passed, failed, skipped, remarks = cases(json.loads(line))
                totals.update(passed=passed, failed=failed, skipped=skipped)
                for remark in remarks:
                    print(remark)
    print("%d passed, %d failed, %d skipped" % (totals["passed"], totals["failed"], totals["skipped"]))
    return totals["failed"] > 0 or totals["passed"] == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
