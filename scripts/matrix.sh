#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds guestdump in many ways, and prints one line for each: matrix.sh [--list] [NAME...]
#
#   gcc-TYPE, clang-TYPE   each of meson's build types, without tests. All compilers that are installed are used: the default
#                          gcc, clang-14, and others as gcc-13-TYPE, clang-16-TYPE.
#   gcc-lto                link-time optimization
#   gcc-hardened           the flags of Debian's hardening=+all
#   clang-sanitized        AddressSanitizer and UndefinedBehaviorSanitizer
#   no-tools, no-library   only the library; only the programs; both without tests
#   no-isal, no-lzo, ...   without one of the optional libraries; runs the unit tests
#   no-libraries           without all of them; runs the unit tests
#
# The default is all; --list prints their names. Logs and failed builds stay in build-matrix/. A warning is an error. Exit
# status 0 only if every build and every test succeeded.
. "$(dirname "$0")/lib.sh"

folder=$root/build-matrix
libraries=(isal libdeflate lzo snappy zstd bzip2 xz seccomp libvirt)
# Meson would take these flags in addition to those of a configuration.
unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS

# compilers: lines of "NAME CC CXX".
compilers() {
    local version
    echo gcc gcc g++
    echo clang clang-14 clang++-14
    for version in 13 14 15; do
        ! command -v "g++-$version" >/dev/null || echo "gcc-$version" "gcc-$version" "g++-$version"
    done
    for version in 15 16 17 18 19; do
        ! command -v "clang++-$version" >/dev/null || echo "clang-$version" "clang-$version" "clang++-$version"
    done
}

# configurations: lines of "NAME CC CXX TESTS MESON_OPTION...". TESTS: yes if unit tests run.
configurations() {
    local name cc cxx type library all=()
    while read -r name cc cxx; do
        for type in release plain debug minsize; do echo "$name-$type" "$cc" "$cxx" no "--buildtype=$type"; done
    done < <(compilers)
    echo gcc-lto gcc g++ no --buildtype=release -Db_lto=true
    echo gcc-hardened gcc g++ no --buildtype=plain
    echo clang-sanitized clang-14 clang++-14 no --buildtype=debug -Db_sanitize=address,undefined -Db_lundef=false
    echo no-tools gcc g++ no -Doptimization=0 -Ddebug=false -Dtools=disabled
    echo no-library gcc g++ no -Doptimization=0 -Ddebug=false -Dlibrary=disabled
    for library in "${libraries[@]}"; do
        echo "no-$library" gcc g++ yes -Doptimization=0 -Ddebug=false "-D$library=disabled"
        all+=("-D$library=disabled")
    done
    echo no-libraries gcc g++ yes -Doptimization=0 -Ddebug=false "${all[@]}"
}

# try NAME CC CXX TESTS MESON_OPTION...: builds, and runs the unit tests if TESTS is yes.
try() {
    local name=$1 cc=$2 cxx=$3 tests=$4 dir=$folder/$1 targets
    shift 4
    rm -rf "$dir"
    [[ $tests == yes ]] || set -- "$@" -Dtests=false
    (
        if [[ $name == gcc-hardened ]]; then
            eval "$(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --export=sh)"
        fi
        CC=$cc CXX=$cxx meson setup --werror --native-file "$root/scripts/native.ini" "$@" "$dir" "$root"
    ) || return 1
    if [[ $tests == no ]]; then
        ninja -C "$dir"
        return
    fi
    targets=$("$python" -B "$root/scripts/suite_targets.py" "$dir" unit)
    # shellcheck disable=SC2086  # one word, one target
    ninja -C "$dir" $targets || return 1
    CK_DEFAULT_TIMEOUT=120 meson test -C "$dir" --no-rebuild --timeout-multiplier 10 --logbase unit --print-errorlogs --suite unit
}

# report NAME TESTS: prints the line of a configuration that succeeded.
report() {
    local counted=
    [[ $2 == no ]] || counted=$("$python" "$root/scripts/count_tests.py" "$folder/$1/meson-logs/unit.json" | tail -n 1)
    printf 'ok      %-22s %s\n' "$1" "$counted"
}

if [[ ${1-} == --list ]]; then
    configurations | cut -d ' ' -f 1
    exit
fi
for wanted in "$@"; do
    configurations | grep "^$wanted " >/dev/null || die "there is no configuration '$wanted'; --list prints their names"
done
"$root/scripts/install-deps.sh" build style test
mkdir -p "$folder"
failed=0
while read -r -a words; do
    name=${words[0]}
    (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
    if try "${words[@]}" >"$folder/$name.log" 2>&1 </dev/null; then
        report "$name" "${words[3]}"
        rm -rf "${folder:?}/$name"
    else
        printf 'FAILED  %-22s see %s\n' "$name" "$folder/$name.log"
        failed=$((failed + 1))
    fi
done < <(configurations)
((failed == 0)) || die "$failed configurations failed"
