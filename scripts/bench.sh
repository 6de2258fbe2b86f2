#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whole programs, timed from outside against QEMU and the tools of the field: bench.sh [NAME...]
#
# NAME is one of tests/bench/NAME_bench.py; without one, all of them. Each prints what was asked and what was measured, the
# median of BENCH_RUNS (5) runs in turn. Exit status 1 when something asked was missed. Leave the machine alone meanwhile.
# BENCH_MEMORY_MIB (2048) and BENCH_FILL_MIB make the guest smaller, BENCH_GROWTH_GIB ("1 2 4 8") those of the growth rows;
# with KERNEL_DEBUG_SYMBOLS=1 crash is timed with the kernel's symbols too (a 280 MB download, once).
. "$(dirname "$0")/lib.sh"

for name in "$@"; do
    [[ -e $root/tests/bench/${name}_bench.py ]] || die "there is no bench '$name'"
done

"$root/scripts/install-deps.sh" build interop
build_release all tests/bench/compressor-bench tests/bench/paging-bench
export GUESTDUMP_BUILD=$root/build-release

printf '%s, %s processors, Linux %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
missed=0
for bench in "$root"/tests/bench/*_bench.py; do
    name=$(basename "$bench" _bench.py)
    (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
    "$python" -B "$bench" || missed=1
done
exit "$missed"
