#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs libFuzzer targets: fuzz.py --build DIR --work DIR [--minutes N | --pack] [TARGET...]

Targets take turns, one time slice each, until each has used --minutes of processor time in all: in this run and in
earlier runs, whose inputs and figures are in DIR of --work. It can be stopped at any time. Prints a line for each slice
and a table at the end.

A finding is an input in DIR/findings/TARGET, and the target gets no more turns. The next run tries the finding first,
and deletes it if it does no harm any more. The exit status is 1 if there is a finding.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
FINDINGS = ("crash-*", "leak-*", "oom-*", "timeout-*")
MOST_IN_VAIN = 3  # slices in a row
LAST = re.compile(r"cov: (\d+) ft: (\d+) ")
EXECUTED = re.compile(r"stat::number_of_executed_units: +(\d+)")
# Undefined behaviour is a finding, and not only a line of output.
ENVIRONMENT = dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")


class Target:
    """One target and its figures."""

    def __init__(self, name, options, done):
        self.name, self.done, self.in_vain = name, done, 0
        self.program = options.build / "tests/fuzz" / (name + "-fuzz")
        self.corpus, self.findings = options.work / "corpus" / name, options.work / "findings" / name
        self.log = options.work / (name + ".log")
        for folder in (self.corpus, self.findings):
            folder.mkdir(parents=True, exist_ok=True)
        given = (options.build / "tests/fuzz/seeds" / name, options.build / "tests/fuzz/found" / name,
                 CORPUS / name)
        self.seeds = [folder for folder in given if folder.is_dir()]

    def is_due(self, minutes):
        """False also if the target has failed to start several times."""
        return not self.found() and self.done["cpu"] < minutes * 60 and self.in_vain < MOST_IN_VAIN

    def found(self):
        return [path for pattern in FINDINGS for path in sorted(self.findings.glob(pattern))]

    def forget_what_does_no_harm(self):
        """Deletes findings that cannot be repeated: a busy machine can cause a timeout."""
        for path in self.found():
            tried = subprocess.run([self.program, "-timeout=25", path], env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
            if tried.returncode == 0:
                path.unlink()

    def command(self, seconds):
        return ["nice", "-n", "19", self.program, "-max_total_time=%d" % seconds, "-print_final_stats=1", "-rss_limit_mb=2048",
                "-timeout=25", "-artifact_prefix=%s/" % self.findings, self.corpus, *self.seeds]

    def pack(self):
        """Writes the archive in the tree: the fewest inputs with the same coverage. Equal inputs give equal archives."""
        with tempfile.TemporaryDirectory() as folder:
            fewest = pathlib.Path(folder) / self.name
            fewest.mkdir()
            subprocess.run([self.program, "-merge=1", "-use_counters=0", fewest, self.corpus, *self.seeds], env=ENVIRONMENT, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(CORPUS / (self.name + ".tar.gz"), "wb") as archive:
                tar = subprocess.run(["tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=644",
                                      "-c", *sorted(path.relative_to(folder) for path in fewest.iterdir())], cwd=folder, check=True,
                                     stdout=subprocess.PIPE)
                subprocess.run(["gzip", "-9n"], input=tar.stdout, stdout=archive, check=True)

    def take_in(self, cpu, wall):
        """Adds the figures in the log of a slice."""
        output = self.log.read_text(errors="replace")
        executed, lines = EXECUTED.findall(output), LAST.findall(output)
        self.done["cpu"] += cpu
        self.done["wall"] += wall
        self.done["executions"] += int(executed[-1]) if executed else 0
        self.in_vain = 0 if executed else self.in_vain + 1
        if lines:
            # A slice that was stopped early has not run all inputs again.
            coverage, features = map(int, lines[-1])
            if features > self.done["features"]:
                self.done["grew_at"] = self.done["cpu"]
            self.done.update(coverage=max(coverage, self.done["coverage"]), features=max(features, self.done["features"]))

    def line(self):
        return "%-12s %6.1f min of processor, %10d executions, %5d edges, %6d features%s" % (
            self.name, self.done["cpu"] / 60, self.done["executions"], self.done["coverage"], self.done["features"],
            ", %d findings" % len(self.found()) if self.found() else "")

    def row(self):
        return "| `%s` | %d | %d | %d | %d | %d |" % (
            self.name, self.done["cpu"] / 60, self.done["executions"], self.done["coverage"], self.done["grew_at"] / 60,
            len(self.found()))


class Run:
    """The turns of all targets."""

    def __init__(self, targets, options):
        self.targets, self.options = targets, options
        self.lock, self.stopped, self.children, self.busy = threading.Lock(), False, {}, set()

    def stop(self, *_):
        """Signal handler. The running slices end, and their figures count."""
        self.stopped = True
        for child in list(self.children.values()):
            child.send_signal(signal.SIGINT)

    def work(self):
        while True:
            with self.lock:
                due = [target for target in self.targets
                       if target.name not in self.busy and target.is_due(self.options.minutes)]
                if self.stopped or not due:
                    return
                target = min(due, key=lambda one: one.done["cpu"])
                self.busy.add(target.name)
            self.slice(target)

    def slice(self, target):
        left = self.options.minutes * 60 - target.done["cpu"]
        begin = time.monotonic()
        with open(target.log, "wb") as log:
            # In its own process group: only we receive a Ctrl-C, and we then signal the child.
            child = subprocess.Popen(target.command(max(1, min(self.options.slice, left))), stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log, env=ENVIRONMENT, cwd=target.findings, process_group=0)
        self.children[target.name] = child
        if self.stopped:
            child.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        del self.children[target.name]
        target.forget_what_does_no_harm()
        with self.lock:
            self.busy.discard(target.name)
            target.take_in(usage.ru_utime + usage.ru_stime, time.monotonic() - begin)
            save(self.targets, self.options)
            print(target.line(), flush=True)


def state_file(options):
    return options.work / "state.json"


def save(targets, options):
    state = load(options)
    state.update({target.name: target.done for target in targets})
    beside = state_file(options).with_suffix(".new")
    beside.write_text(json.dumps(state, indent=1))
    beside.rename(state_file(options))


def load(options):
    return json.loads(state_file(options).read_text()) if state_file(options).exists() else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=lambda text: pathlib.Path(text).resolve(), required=True)
    parser.add_argument("--work", type=lambda text: pathlib.Path(text).resolve(), required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--slice", type=float, default=300, help="seconds")
    parser.add_argument("--at-once", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--pack", action="store_true", help="runs nothing: puts what was found into the tree")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    every = sorted(path.name[:-len("-fuzz")] for path in (options.build / "tests/fuzz").glob("*-fuzz"))
    unknown = set(options.targets) - set(every)
    if unknown:
        sys.exit("no such target: %s; there are %s" % (", ".join(sorted(unknown)), ", ".join(every)))
    options.work.mkdir(parents=True, exist_ok=True)
    nothing = dict.fromkeys(("cpu", "wall", "executions", "coverage", "features", "grew_at"), 0)
    before = load(options)
    targets = [Target(name, options, {**nothing, **before.get(name, {})}) for name in options.targets or every]
    if options.pack:
        for target in targets:
            target.pack()
        return 0
    for target in targets:
        target.forget_what_does_no_harm()
    run = Run(targets, options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, run.stop)
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        for worker in [pool.submit(run.work) for _ in range(options.at_once)]:
            worker.result()
    print("\n| target | minutes of processor | executions | edges | last new at minute | findings |\n"
          "| --- | --- | --- | --- | --- | --- |")
    for target in targets:
        print(target.row())
    for target in targets:
        if target.in_vain == MOST_IN_VAIN:
            print("%s does not run; see %s" % (target.name, target.log))
    return any(target.found() or target.in_vain == MOST_IN_VAIN for target in targets)


if __name__ == "__main__":
    sys.exit(main())
