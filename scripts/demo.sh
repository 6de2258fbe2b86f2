#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Demonstrates dumping from start to finish: demo.sh
#
# Installs missing packages, makes a release build, and dumps a running guest and a stopped Linux guest from QEMU. Then it
# opens the dumps with crash, gdb, makedumpfile, libkdumpfile and drgn, and prints a table of the results. Exit status 0
# only if all checks succeeded.
. "$(dirname "$0")/lib.sh"

"$root/scripts/install-deps.sh" build interop

step "building"
build_release tools/guestdump-vm tools/guestdump tests/guests/counter.bin

step "booting Debian's kernel in QEMU and freezing it (once; kept in $cache)"
"$root/scripts/make-linux-guest.sh" >/dev/null

step "dumping"
GUESTDUMP_BUILD=$root/build-release exec "$python" -B "$root/scripts/demo.py"
