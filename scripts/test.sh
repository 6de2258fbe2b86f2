#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds what the tests need, and runs them: test.sh [quick|unit|interop|sanitizers|all|packages]
#
#   quick       for use after each change: style checks and unit tests, in a build made for speed
#   unit        release build (g++): style checks, unit tests, replays of the fuzz corpora, examples with the library
#   interop     release build: our programs with the tools of the field and a real Linux guest
#   sanitizers  clang with AddressSanitizer and UndefinedBehaviorSanitizer: unit tests, fuzz corpora, our own programs;
#               clang with ThreadSanitizer: the tests in which several threads have a part
#   all         all of the above and the compressors without their libraries, but each test once: unit tests, fuzz corpora and
#               our own programs under AddressSanitizer, the tools of the field in the release build. The default.
#   packages    builds the Debian packages twice, compares them, and tries them in a bare Debian 12. Not a part of `all`,
#               whose time is limited: packages are compiled anew, with Debian's flags. `all` runs the examples with the
#               library of the release build, installed in a folder.
#
# docs/reliability.md has the reasons. Missing packages are installed first. A compiler warning is an error.
# Ends with "N passed, N failed, N skipped", test cases counted; exit status 0 only if none failed. (`packages` prints a line
# for each check instead.)
#
# KERNEL_DEBUG_SYMBOLS= (empty) leaves out what needs the guest kernel's debug symbols (a 280 MB download, once).
. "$(dirname "$0")/lib.sh"

mode=${1:-all}
(($# <= 1)) || die "more than one mode: $*"
case $mode in
quick) packages=(build style test) ;;
unit) packages=(build style) ;;
interop) packages=(build interop) ;;
sanitizers) packages=(build test interop) ;;
all) packages=(build style test interop) ;;
packages)
    "$root/scripts/package.sh" --twice
    exec "$root/scripts/bare-system.sh"
    ;;
*) die "unknown mode '$mode' (there are quick, unit, interop, sanitizers, all, packages)" ;;
esac
"$root/scripts/install-deps.sh" "${packages[@]}"

# Each source is compiled by itself, although joining them (meson's unity builds) halves the compiler's time: joined, a call
# in one file can silently choose an overload that another file keeps in its anonymous namespace. It did: progress_text()
# got info_text.cc's time_text().
clang=(-Db_lundef=false -Doptimization=1 -Ddebug=false -Dc_args=-gline-tables-only)

configure_build() {
    case $1 in
    quick) CC=clang-14 CXX=clang++-14 configure_precompiled quick -Doptimization=1 -Ddebug=false ;;
    release) CC=gcc CXX=g++ configure_precompiled release -Doptimization=2 -Ddebug=false ;;
    # (Under sanitizers g++ warns of things that are not so, and says so in its manual; hence clang.)
    sanitized) CC=clang-14 CXX=clang++-14 configure_precompiled sanitized "${clang[@]}" -Db_sanitize=address,undefined ;;
    # Without libraries that have no part in our threads: so the programs are also linked without them.
    threads) CC=clang-14 CXX=clang++-14 configure_precompiled threads "${clang[@]}" -Db_sanitize=thread \
        -Dbzip2=disabled -Dxz=disabled -Dseccomp=disabled -Dlibvirt=disabled ;;
    # What people get who have no compression library but zlib.
    few) CC=clang-14 CXX=clang++-14 configure_precompiled few -Doptimization=0 -Ddebug=false \
        -Disal=disabled -Dlibdeflate=disabled -Dlzo=disabled -Dsnappy=disabled -Dzstd=disabled ;;
    esac
}

# suites BUILD: those that $mode runs in BUILD.
suites() {
    case $mode-$1 in
    quick-quick) echo style unit ;;
    unit-release) echo style unit fuzz library ;;
    interop-release) echo interop plain readers ;;
    all-release) echo style plain readers library ;;
    sanitizers-sanitized | all-sanitized) echo unit fuzz interop ;;
    sanitizers-threads | all-threads) echo threaded ;;
    all-few) echo compressors ;;
    esac
}

# prepare BUILD: compiles what its suites need, and no more.
prepare() {
    local wanted targets
    wanted=$(suites "$1")
    [[ -n $wanted ]] || return 0
    step "building for: build-$1, $wanted"
    configure_build "$1"
    # shellcheck disable=SC2086  # one word, one suite
    targets=$("$python" -B "$root/scripts/suite_targets.py" "$root/build-$1" $wanted)
    # shellcheck disable=SC2086  # one word, one target
    build "$1" $targets
}

logs=() complained=0
# run BUILD: its suites. Failures are counted at the end, not here.
run() {
    local dir=$root/build-$1 wanted chosen=() under=()
    wanted=$(suites "$1")
    [[ -n $wanted ]] || return 0
    step "testing: build-$1, $wanted"
    for suite in $wanted; do chosen+=(--suite "$suite"); done
    # A sanitizer makes starting and ending a process so expensive that most of the time would pass there: so the test cases
    # of a program share a process, except where meson.build says otherwise. A fault ends all of them, and is a failure.
    if [[ $1 == sanitized || $1 == threads ]]; then under=(env CK_FORK=no); fi
    # ThreadSanitizer wants its shadow where kernels that randomise addresses much put other things.
    if [[ $1 == threads ]] && setarch --addr-no-randomize true 2>/dev/null; then under+=(setarch --addr-no-randomize); fi
    rm -f "$dir/meson-logs/all.json"
    # Two tests for each processor: many wait for a guest most of the time.
    "${under[@]}" meson test -C "$dir" --no-rebuild --num-processes $((2 * $(nproc))) --timeout-multiplier 10 --logbase all \
        --print-errorlogs "${chosen[@]}" || complained=1
    logs+=("$dir/meson-logs/all.json")
}

builds=(quick release sanitized threads few)
for name in "${builds[@]}"; do prepare "$name"; done

# A test that hangs is to end; one that is slow under a sanitizer or on a busy machine is not.
export CK_DEFAULT_TIMEOUT=300
export KERNEL_DEBUG_SYMBOLS=${KERNEL_DEBUG_SYMBOLS-1}
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
# Of the memory that was freed AddressSanitizer keeps 256 MiB by default, which costs more than the tests themselves.
export ASAN_OPTIONS=quarantine_size_mb=16
for name in "${builds[@]}"; do run "$name"; done

"$python" "$root/scripts/count_tests.py" "${logs[@]}"
# Still here: no test has failed. Then a run broke off, and what was counted is not all there is.
((complained == 0)) || die "meson test ended with an error that is none of a test's; see above"
