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

# configure NAME [MESON_OPTION...]: makes build-NAME ready for ninja, once. CC and CXX say the compiler.
configure() {
    local dir=$root/build-$1 log
    shift
    [[ ! -e $dir/build.ninja ]] || return 0
    rm -rf "$dir"
    log=$(meson setup --native-file "$root/scripts/native.ini" "$@" "$dir" "$root" 2>&1) ||
        die "meson cannot configure $dir:"$'\n'"$log"
}

# tenths NAME: of ninja's lines "[done/all] ..." prints one for each tenth part, and from the first failure on all that follows.
tenths() {
    local line tenth last=0 failed=no
    while IFS= read -r line; do
        if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]' ' ]]; then
            tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
            ((tenth == last)) || printf '   %s: %d of %d steps\n' "$1" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
            last=$tenth
            continue
        fi
        [[ $line != 'FAILED: '* && $line != 'ninja: error: '* ]] || failed=yes
        [[ $failed == no ]] || printf '%s\n' "$line"
    done
}

# build NAME [TARGET...]: brings build-NAME up to date. On a terminal ninja shows its progress in one line.
build() {
    local name=build-$1
    shift
    if [[ -t 1 ]]; then
        NINJA_STATUS="$name: [%f/%t] " ninja -C "$root/$name" "$@"
    else
        NINJA_STATUS='[%f/%t] ' ninja -C "$root/$name" "$@" 2>&1 | tenths "$name"
    fi || die "cannot build $root/$name; see above"
}

# build_release TARGET...: what people run, by g++. (-O3 makes g++ 12 warn of strings that overlap and do not.)
build_release() {
    CC=gcc CXX=g++ configure release -Doptimization=2 -Ddebug=false
    build release "$@"
}
