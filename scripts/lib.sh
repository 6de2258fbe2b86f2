# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Functions that the scripts here share. Source this file; do not run it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Debian's python3, which has Debian's modules (libkdumpfile, drgn). Another python3 may come first in PATH.
# shellcheck disable=SC2034  # for those who source this
python=/usr/bin/python3
# Guests and their kernels: they take long to make, and all builds share them.
# shellcheck disable=SC2034
cache=${GUESTDUMP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/guestdump}

step() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# as_root COMMAND...: runs the command as root, with sudo if necessary.
as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# configure NAME [MESON_OPTION...]: runs meson setup for build-NAME unless that was done before. CC and CXX choose the
# compiler. A warning is an error.
configure() {
    local dir=$root/build-$1 log
    shift
    [[ ! -e $dir/build.ninja ]] || return 0
    rm -rf "$dir"/meson-* # what a setup that failed has left
    log=$(meson setup --werror --native-file "$root/scripts/native.ini" "$@" "$dir" "$root" 2>&1) ||
        die "meson cannot configure $dir:"$'\n'"$log"
}

# configure_precompiled NAME [MESON_OPTION...]: like configure. The headers that most sources include are compiled once, by
# build(), and included in every source, which saves clang more than half of its time and g++ less.
# tests/check_includes.py finds the sources that would not compile otherwise.
configure_precompiled() {
    local dir=$root/build-$1 header=$root/build-$1/precompiled.h
    [[ ! -e $dir/build.ninja ]] || return 0
    rm -rf "$dir"
    mkdir "$dir"
    printf '#include <%s>\n' algorithm array atomic bit cinttypes functional map memory optional span string string_view utility \
        vector >"$header"
    if [[ $CXX == g++ ]]; then
        # g++ gains by the standard library only. One precompiled header needs one set of flags: so -fPIC and -pthread for all.
        # With them precompiled, g++ 12 also warns of code of the standard library that it inlines.
        local quiet='-Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread'
        configure "$@" "-Dcpp_args=-fPIC -pthread $quiet -include $header"
        return
    fi
    {
        printf '#include <%s>\n' chrono condition_variable deque mutex set thread unordered_map variant
        # Of ours those that others build on; a change to one of them, or to what it includes, compiles everything again.
        # (meson's own trials have no path to them.)
        printf '#if __has_include("guest/guest.h")\n#include <glib.h>\n'
        printf '#include "%s"\n' guest/guest.h qapi/types.h util/result.h util/text.h
        printf '#endif\n'
    } >>"$header"
    # One set of flags here: no -fPIC for libraries, so no shared library.
    configure "$@" -Db_staticpic=false -Dlibrary=disabled "-Dcpp_args=-gline-tables-only -pthread -include $header"
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
    if [[ -e $root/$name/precompiled.h ]]; then
        "$python" -B "$root/scripts/precompile.py" "$root/$name" || die "cannot compile $root/$name/precompiled.h; see above"
    fi
    if [[ -t 1 ]]; then
        NINJA_STATUS="$name: [%f/%t] " ninja -C "$root/$name" "$@"
    else
        NINJA_STATUS='[%f/%t] ' ninja -C "$root/$name" "$@" 2>&1 | tenths "$name"
    fi || die "cannot build $root/$name; see above"
}

# build_release TARGET...: the build for users, with g++.
build_release() {
    CC=gcc CXX=g++ configure_precompiled release -Doptimization=2 -Ddebug=false
    build release "$@"
}
