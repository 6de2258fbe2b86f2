#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test there is: test.sh
#
# Installs what is missing, builds with both compilers (a warning is an error), and runs
#   release    g++: style checks, and the interop tests against the tools of the field
#   sanitized  g++ with AddressSanitizer and UndefinedBehaviorSanitizer: unit tests
#   threads    clang with ThreadSanitizer: unit tests
# Ends with "N passed, N failed, N skipped", test cases counted; exit status 0 only if none failed.
#
# KERNEL_DEBUG_SYMBOLS=1 also runs what needs the guest kernel's debug symbols (a 280 MB download, once).
. "$(dirname "$0")/lib.sh"

"$root/scripts/install-deps.sh" build test interop

step "building with g++ and with clang"
export CC=gcc CXX=g++
build release -Dbuildtype=release
build sanitized -Db_sanitize=address,undefined
export CC=clang-14 CXX=clang++-14
build threads -Db_sanitize=thread -Db_lundef=false

logs=()
# run BUILD WRAPPER SUITE...: the suites of one build; failures are counted at the end, not here.
run() {
    local dir=$root/build-$1 wrapper=$2 suites=()
    shift 2
    step "${dir##*/}: $*"
    for suite in "$@"; do suites+=(--suite "$suite"); done
    rm -f "$dir/meson-logs/all.json"
    meson test -C "$dir" --no-rebuild --logbase all --print-errorlogs ${wrapper:+--wrapper "$wrapper"} "${suites[@]}" || true
    logs+=("$dir/meson-logs/all.json")
}
# ThreadSanitizer wants its shadow where kernels with much address randomisation put other things.
fixed_addresses=''
if setarch --addr-no-randomize true 2>/dev/null; then fixed_addresses='setarch --addr-no-randomize'; fi
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
run sanitized '' unit
run threads "$fixed_addresses" unit
run release '' style interop

"$python" "$root/scripts/count_tests.py" "${logs[@]}"
