// SPDX-License-Identifier: GPL-2.0-or-later
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "dump/request.h"

namespace guestdump::dump {
namespace {

/// Further threads only wait for memory and the target, and use memory.
constexpr unsigned kMostUsefulThreads = 64;

/// Number of processors that this process may run on; at least 1.
unsigned processors() {
    // The mask needs a bit for every processor that the host can have. No call returns that number,
    // so try larger and larger masks.
    constexpr size_t kMostSets = 64;
    for (size_t sets = 1; sets <= kMostSets; sets *= 2) {
        std::vector<cpu_set_t> allowed(sets);
        const size_t size = sets * sizeof(cpu_set_t);
        if (::sched_getaffinity(0, size, allowed.data()) == 0)
            return static_cast<unsigned>(std::max(1, CPU_COUNT_S(size, allowed.data())));
        if (errno != EINVAL) break;
    }
    return 1;
}

}  // namespace

unsigned thread_count(unsigned threads) {
    return std::min(threads != 0 ? threads : processors(), kMostUsefulThreads);
}

}  // namespace guestdump::dump
