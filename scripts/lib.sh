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
cache=${GUESTDUMP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/guestdump}

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

# configure NAME [MESON_OPTION...]: makes build-NAME ready for ninja, once. CC and CXX say the compiler. A warning is an error:
# the scripts run where the compilers' versions are known.
configure() {
    local dir=$root/build-$1 log
    shift
    [[ ! -e $dir/build.ninja ]] || return 0
    rm -rf "$dir"
    log=$(meson setup --werror --native-file "$root/scripts/native.ini" "$@" "$dir" "$root" 2>&1) ||
        die "meson cannot configure $dir:"$'\n'"$log"
}

# build NAME [TARGET...]: brings build-NAME up to date; prints only what goes wrong.
build() {
    local dir=$root/build-$1 log
    shift
    log=$(ninja -C "$dir" --quiet "$@" 2>&1) || die "cannot build $dir:"$'\n'"$log"
}

# build_release TARGET...: what people run, by g++.
build_release() {
    CC=gcc CXX=g++ configure release -Doptimization=2 -Ddebug=false
    build release "$@"
}
