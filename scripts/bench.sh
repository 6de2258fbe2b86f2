#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures whole programs against QEMU, cp and makedumpfile: bench.sh [NAME...]
#
# NAME selects tests/bench/NAME_bench.py; the default is all of them. Each benchmark prints its requirements next to the
# measurements, which are the median of BENCH_RUNS (5) alternating runs. Exit status 1 if a requirement was missed. Do not
# use the machine for anything else meanwhile.
#
# BENCH_MEMORY_MIB (2048) is the size of the guest and BENCH_FILL_MIB the amount of its file data. BENCH_GROWTH_GIB
# ("1 2 4 8") are the sizes of the guests for the rows about growth. With KERNEL_DEBUG_SYMBOLS=1 crash is measured with the
# kernel's symbols too (downloads 280 MB, once).
. "$(dirname "$0")/lib.sh"

for name in "$@"; do
    [[ -e $root/tests/bench/${name}_bench.py ]] || die "there is no bench '$name'"
done

"$root/scripts/install-deps.sh" build interop
build_release all tests/bench/compressor-bench tests/bench/memory-map-bench tests/bench/paging-bench
export GUESTDUMP_BUILD=$root/build-release

printf '%s, %s processors, Linux %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
missed=0
for bench in "$root"/tests/bench/*_bench.py; do
    name=$(basename "$bench" _bench.py)
    (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
    "$python" -B "$bench" || missed=1
done
exit "$missed"
