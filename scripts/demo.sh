#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows the main job from end to end: demo.sh
#
# Installs what is missing, makes a release build, stops, dumps and resumes a running guest, does the same with a frozen
# Linux guest from QEMU, has the tools of the field open what came out, and ends with a table of what was proved.
# Exit status 0 only if all of it was.
. "$(dirname "$0")/lib.sh"

"$root/scripts/install-deps.sh" build interop

step "building"
build_release tools/guestdump-vm tools/guestdump tests/guests/counter.bin

step "booting Debian's kernel in QEMU and freezing it (once; kept in $cache)"
"$root/scripts/make-linux-guest.sh" >/dev/null

step "dumping"
GUESTDUMP_BUILD=$root/build-release exec "$python" -B "$root/scripts/demo.py"
