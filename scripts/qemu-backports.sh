#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Downloads the QEMU of Debian's backports (13 MB, once), which is newer than the installed one, and prints the path of its
# qemu-system-x86_64, for GUESTDUMP_QEMU. Nothing is installed; apt's own lists are not touched.
. "$(dirname "$0")/lib.sh"

qemu=$cache/qemu-backports
mkdir -p "$qemu"
exec 9>"$qemu/lock"
flock 9
if [[ ! -e $qemu/usr/bin/qemu-system-x86_64 ]]; then
    # shellcheck disable=SC1091
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")-backports
    work=$(mktemp -d -p "$qemu")
    chmod 755 "$work" # apt downloads as a user of its own
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work"/{lists,cache/archives}/partial
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >"$work/sources.list"
    apt=(apt-get -qq -o APT::Sandbox::User=root -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache")
    "${apt[@]}" update >&2 || die "cannot read the list of $suite"
    for package in qemu-system-x86 qemu-system-common qemu-system-data; do
        (cd "$work" && "${apt[@]}" download "$package/$suite" >&2) || die "cannot download the package '$package' of $suite"
    done
    for package in "$work"/*.deb; do dpkg-deb --extract "$package" "$qemu"; done
fi
echo "$qemu/usr/bin/qemu-system-x86_64"
