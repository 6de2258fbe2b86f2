#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test there is: test.sh
#
# Installs what is missing, builds with both compilers (a warning is an error), and runs
#   release    g++: style checks, unit tests, and the interop tests against the tools of the field
#   sanitized  clang with AddressSanitizer and UndefinedBehaviorSanitizer: unit and interop tests
#   few        g++, no compression library but zlib: the tests of dump/
#   threads    clang with ThreadSanitizer: the unit and interop tests that several threads have a part in
# (Under sanitizers g++ warns of things that are not so, and says so in its manual; hence clang.)
# Ends with "N passed, N failed, N skipped", test cases counted; exit status 0 only if none failed.
#
# KERNEL_DEBUG_SYMBOLS= (empty) leaves out what needs the guest kernel's debug symbols (a 280 MB download, once).
. "$(dirname "$0")/lib.sh"

"$root/scripts/install-deps.sh" build test interop

step "building with g++ and with clang"
build_release all
CC=clang-14 CXX=clang++-14 configure sanitized -Db_sanitize=address,undefined -Db_lundef=false
build sanitized
CC=clang-14 CXX=clang++-14 configure threads -Db_sanitize=thread -Db_lundef=false
# What people get who have no compression library but zlib, and no libseccomp.
CC=gcc CXX=g++ configure few -Doptimization=0 -Ddebug=false \
    -Disal=disabled -Dlibdeflate=disabled -Dlzo=disabled -Dsnappy=disabled -Dzstd=disabled -Dseccomp=disabled
build few tests/dump/dump-tests tools/guestdump-vm # no more of it than can differ

logs=() complained=0
# run BUILD SUITE...: the suites of one build. Failures are counted at the end, not here.
run() {
    local dir=$root/build-$1 suites=() under=() how=(--no-rebuild)
    shift
    step "${dir##*/}: $*"
    for suite in "$@"; do suites+=(--suite "$suite"); done
    if [[ $dir == *threads ]]; then
        how=() # what these suites need is built here, and no more
        # ThreadSanitizer wants its shadow where kernels that randomise addresses much put other things.
        if setarch --addr-no-randomize true 2>/dev/null; then under=(setarch --addr-no-randomize); fi
    fi
    rm -f "$dir/meson-logs/all.json"
    "${under[@]}" meson test -C "$dir" "${how[@]}" --timeout-multiplier 10 --logbase all --print-errorlogs "${suites[@]}" ||
        complained=1
    logs+=("$dir/meson-logs/all.json")
}
# A test that hangs is to end; one that is slow under a sanitizer or on a busy machine is not.
export CK_DEFAULT_TIMEOUT=120
export KERNEL_DEBUG_SYMBOLS=${KERNEL_DEBUG_SYMBOLS-1}
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
run sanitized unit interop
run threads threaded
run few compressors
run release style unit interop

"$python" "$root/scripts/count_tests.py" "${logs[@]}"
# Still here: no test has failed. Then a run broke off, and what was counted is not all there is.
((complained == 0)) || die "meson test ended with an error that is none of a test's; see above"
