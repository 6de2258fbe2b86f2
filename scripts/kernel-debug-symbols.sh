#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Downloads the debug symbols of the kernel that make-linux-guest.sh boots (280 MB, once), and prints the path of the
# vmlinux file for crash, gdb and drgn.
. "$(dirname "$0")/lib.sh"

kernel=$cache/kernel
[[ -e $kernel/package ]] || die "no kernel yet; run make-linux-guest.sh first"
exec 9>"$kernel/lock"
flock 9
if [[ ! -e $kernel/vmlinux-debug ]]; then
    work=$(mktemp -d -p "$kernel")
    chmod 755 "$work" # apt downloads as a user of its own
    trap 'rm -rf "$work"' EXIT
    package=$(<"$kernel/package")-dbg
    if ! (cd "$work" && apt-get download -qq "$package" >/dev/null 2>&1); then
        as_root apt-get update -qq >&2
        # If the cached kernel has left the archive since, its symbols have too: remove its folder then.
        (cd "$work" && apt-get download -qq "$package" >&2) || die "cannot download the package '$package' for $kernel/vmlinuz"
    fi
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards './usr/lib/debug/boot/vmlinux-*'
    mv "$work"/usr/lib/debug/boot/vmlinux-* "$kernel/vmlinux-debug"
fi
echo "$kernel/vmlinux-debug"
