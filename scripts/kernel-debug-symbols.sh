#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches the debug symbols of the kernel that make-linux-guest.sh boots (a download of 280 MB, once), and prints the path of
# the vmlinux that crash, gdb and drgn want.
. "$(dirname "$0")/lib.sh"

kernel=$cache/kernel
[[ -e $kernel/package ]] || die "no kernel yet; run make-linux-guest.sh first"
if [[ ! -e $kernel/vmlinux-debug ]]; then
    exec 9>"$kernel/lock"
    flock 9
    work=$(mktemp -d -p "$kernel")
    chmod 755 "$work" # apt downloads as a user of its own
    trap 'rm -rf "$work"' EXIT
    package=$(<"$kernel/package")-dbg
    (cd "$work" && apt-get download -qq "$package" >&2) || die "cannot download the package '$package'"
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards './usr/lib/debug/boot/vmlinux-*'
    mv "$work"/usr/lib/debug/boot/vmlinux-* "$kernel/vmlinux-debug"
fi
echo "$kernel/vmlinux-debug"
