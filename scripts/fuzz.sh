#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the fuzz targets: fuzz.sh [MINUTES [TARGET...]]
#
# Each target of tests/fuzz runs under AddressSanitizer and UndefinedBehaviorSanitizer until it has used MINUTES (60) of CPU
# time, including that of earlier runs. You can interrupt the script and start it again. Findings are kept in
# ~/.cache/guestdump/fuzz, and the exit status is 1 if there are any. Copy a finding to tests/fuzz/corpus/TARGET, so that
# test.sh replays it from then on. tests/fuzz/fuzz.py --pack renews the archives there.
. "$(dirname "$0")/lib.sh"

minutes=${1:-60}
shift || true
"$root/scripts/install-deps.sh" build test
CC=clang-14 CXX=clang++-14 configure fuzz -Doptimization=2 -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
targets=()
for source in "$root"/tests/fuzz/*_fuzz.cc; do targets+=("tests/fuzz/$(basename "$source" _fuzz.cc)-fuzz"); done
step "building with clang's libFuzzer"
build fuzz "${targets[@]}" tests/fuzz/seeds tests/fuzz/found
exec "$python" -B "$root/tests/fuzz/fuzz.py" --build "$root/build-fuzz" --work "$cache/fuzz" --minutes "$minutes" "$@"
