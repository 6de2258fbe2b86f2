#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Looks for what breaks us: fuzz.sh [MINUTES [TARGET...]]
#
# Each target of tests/fuzz gets so many minutes of a processor (60) in all, over this run and those before it, under
# AddressSanitizer and UndefinedBehaviorSanitizer. It may be stopped and begun again. What was found stays in
# ~/.cache/guestdump/fuzz; exit status 1 when something was. Put a finding into tests/fuzz/corpus/TARGET: test.sh tries it for
# ever after. tests/fuzz/fuzz.py --pack renews the archives there.
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
