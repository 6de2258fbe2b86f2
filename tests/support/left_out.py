#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pages a filter left out of a kdump-compressed file, by the two bitmaps that follow the headers; and whether another
program's set is the same: left_out.py KDUMP RUNS, where RUNS is the output of the test program left-out-pages.

Reads by literal offsets and shares no code with the project's own readers. docs/formats.md describes the bitmaps.
"""
import struct
import sys

BLOCK = 4096


def bitmaps(path):
    """(bitmap 1, bitmap 2, number of pages that they are about), as integers whose bit N is page N."""
    with open(path, "rb") as file:
        header = file.read(BLOCK)
        assert header[:8] == b"KDUMP   ", "%s is not a raw kdump file" % path
        sub_blocks, bitmap_blocks, max_mapnr = struct.unpack_from("<3I", header, 432)
        sub = file.read(BLOCK)
        if struct.unpack_from("<i", header, 8)[0] >= 6:
            max_mapnr = struct.unpack_from("<Q", sub, 96)[0]
        file.seek(BLOCK * (1 + sub_blocks))
        half = BLOCK * bitmap_blocks // 2
        first, second = (int.from_bytes(file.read(half), "little") for _ in range(2))
        return first, second, max_mapnr


def left_out_of(path):
    """The pages that exist and have no descriptor, and how many pages the file is about."""
    exist, stored, count = bitmaps(path)
    return exist & ~stored & ((1 << count) - 1), count


def left_out_by(runs):
    """The same of a text with a line "FIRST END" for each run, which follow a line "runs"."""
    pages, ours = 0, False
    for line in runs:
        words = line.split()
        if ours:
            first, end = map(int, words)
            pages |= ((1 << (end - first)) - 1) << first
        ours = ours or words == ["runs"]
    assert ours, "there is no line 'runs'"
    return pages


def pages_of(pages, most=8):
    """The first numbers in a set."""
    found = []
    while pages and len(found) < most:
        found.append((pages & -pages).bit_length() - 1)
        pages &= pages - 1
    return ", ".join("0x%x" % page for page in found) + (", ..." if pages else "")


def difference(path, runs):
    """Lines about what differs, and the number of pages in both. Pages at or after the end of what the kdump file is about
    are not compared: makedumpfile ends where the last memory section does."""
    theirs, count = left_out_of(path)
    ours = left_out_by(runs) & ((1 << count) - 1)
    lines = []
    for name, pages in (("only in the kdump file", theirs & ~ours), ("only in the other", ours & ~theirs)):
        if pages:
            lines.append("%d pages are left out %s: %s" % (bin(pages).count("1"), name, pages_of(pages)))
    return lines, bin(ours & theirs).count("1")


if __name__ == "__main__":
    with open(sys.argv[2]) as text:
        differing, same = difference(sys.argv[1], text)
    print("\n".join(differing + ["%d pages are left out of both" % same]))
    sys.exit(bool(differing))
