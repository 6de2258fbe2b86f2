# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts here share; sourced, never run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Debian's python modules (libkdumpfile, drgn) belong to this one; another python3 may come first in PATH.
# shellcheck disable=SC2034  # for those who source this
python=/usr/bin/python3
# What takes long to make and belongs to no build: guests and their kernels.
# shellcheck disable=SC2034
cache=${GUESTDUMP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/guestdump}

step() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# as_root COMMAND...: runs it as root, by sudo where that is needed.
as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# build NAME [MESON_OPTION...]: configures build-NAME once and brings it up to date. CC and CXX say the compiler.
build() {
    local dir=$root/build-$1 log
    shift
    if [[ ! -e $dir/build.ninja ]]; then
        rm -rf "$dir"
        log=$(meson setup --native-file "$root/scripts/native.ini" "$@" "$dir" "$root" 2>&1) ||
            die "meson cannot configure $dir:"$'\n'"$log"
    fi
    ninja -C "$dir" --quiet
}
