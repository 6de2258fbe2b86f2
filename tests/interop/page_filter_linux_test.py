#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What page filtering leaves out of a real Linux guest, page by page the same as makedumpfile does.

MAKEDUMPFILE is another makedumpfile than that of the path; GUEST_KERNEL the Debian package of another kernel than Debian's own.
Debian 12's makedumpfile 1.7.2 is right about kernels up to 6.2 only.
"""
import json
import os
import subprocess

from lab import case, check, check_equal, linux_guest, need, program, run_cases
from left_out import difference

LEVELS = (1, 2, 4, 8, 16, 31)
MAKEDUMPFILE = os.environ.get("MAKEDUMPFILE", "makedumpfile")
KERNEL = ("--kernel", os.environ["GUEST_KERNEL"]) if "GUEST_KERNEL" in os.environ else ()


def whole_elf(lab, *options):
    """A whole dump that makedumpfile can read, which QEMU's own ELF files are not."""
    path = lab.path("whole")
    if not os.path.exists(path):
        lab.run(program("guestdump"), "convert", "--format", "elf", os.path.join(linux_guest(*options, *KERNEL), "ref.elf"), path)
    return path


def filtered(lab, source, level):
    need(MAKEDUMPFILE)
    path = lab.path("level%d" % level)
    done = subprocess.run([MAKEDUMPFILE, "-l", "-d", str(level), source, path], capture_output=True, text=True, timeout=300)
    check_equal(done.returncode, 0, "makedumpfile's status: %s" % done.stderr[-300:])
    return path


def left_out(lab, source, level, threads=2):
    text = lab.run(os.path.join(os.environ["GUESTDUMP_BUILD"], "tests/vmcore/left-out-pages"), source, str(level), str(threads))
    return text.splitlines()


def facts(lines):
    return {words[0]: words[1] for words in map(str.split, lines[:lines.index("runs")])}


def check_all_levels(lab, *options):
    source = whole_elf(lab, *options)
    for level in LEVELS:
        theirs, ours = filtered(lab, source, level), left_out(lab, source, level)
        differing, same = difference(theirs, ours)
        check_equal(differing, [], "level %d" % level)
        check(same > 0 or level == 1, "level %d: nothing is left out", level)
        os.unlink(theirs)


@case
def on_every_level_the_pages_are_makedumpfiles(lab):
    check_all_levels(lab)


@case
def with_memory_of_many_kinds_the_pages_are_makedumpfiles(lab):
    check_all_levels(lab, "--memory", "512", "--rich")
    found = facts(left_out(lab, whole_elf(lab), 31))
    for name in ("free", "cache", "cache-private", "user", "offline"):
        check(int(found[name]) > 0, "there is no page of the class %s: %s", name, found)
    check_equal(found["rejected"], "0", "blocks that contradict themselves")


@case
def the_kernel_counts_as_many_free_pages(lab):
    found = facts(left_out(lab, whole_elf(lab), 31))
    check(abs(int(found["free"]) - int(found["free-by-kernel"])) <= 128, "free pages: %s", found)


@case
def the_pages_are_the_same_for_any_number_of_threads(lab):
    source = whole_elf(lab, "--memory", "512", "--rich")
    one, three = (left_out(lab, source, 31, threads) for threads in (1, 3))
    check(one[one.index("runs"):] == three[three.index("runs"):], "one thread and three differ")


@case
def info_counts_the_pages_of_whole_and_of_filtered_files(lab):
    source = whole_elf(lab)

    def uses(path):
        info = json.loads(lab.run(program("guestdump"), "info", "--pages", "--json", path))
        check("page-use" in info, "not known: %s", info.get("page-use-unknown"))
        return {use["use"]: use["pages"] for use in info["page-use"]}

    whole, part = uses(source), uses(filtered(lab, source, 31))
    # makedumpfile's file ends where the last memory section does, and lacks the firmware.
    whole.pop("kept"), part.pop("kept")
    check_equal(part, whole, "pages of the filtered file")
    check(whole["free"] > 1000, "free pages: %s", whole)


if __name__ == "__main__":
    run_cases()
