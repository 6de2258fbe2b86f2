#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the headers of the library as a program includes them: install_headers.py OUT SOURCE_ROOT HEADER...

Each HEADER is copied to its place in OUT, and "guest/guest.h" in its includes becomes <guestdump/guest/guest.h>: a program
may have a folder of the same name. Headers of api/ are for C and go to OUT itself. Fails if a header includes one that is
not in the list, defines a macro, or uses the types of a protocol; C headers may have the guard for C++.
"""
import os
import pathlib
import re
import shutil
import sys

OWN_INCLUDE = re.compile(r'^#include "([^"]+)"$', re.MULTILINE)
FORBIDDEN = re.compile(r"^#\s*define\b.*|\bqapi\b|\bjson_object\b|<glib\.h>", re.MULTILINE)


def place_of(header):
    return header.removeprefix("api/")


def faults(header, text, listed):
    for other in OWN_INCLUDE.findall(text):
        if other not in listed:
            yield "%s includes %s, which is not installed" % (header, other)
    for found in FORBIDDEN.findall(text):
        yield "%s has %r, which no installed header may" % (header, found)


def main(out, root, headers):
    texts = {header: (root / header).read_text() for header in headers}
    found = [fault for header, text in texts.items() for fault in faults(header, text, set(headers))]
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    for header, text in texts.items():
        place = out / place_of(header)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(OWN_INCLUDE.sub(lambda match: "#include <guestdump/%s>" % place_of(match[1]), text))
    os.utime(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]))
