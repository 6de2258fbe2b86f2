// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

#include "tests/support/libcheck.h"

// Sanitizers bring a malloc() of their own, and end the process where it gets nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 1
#endif
#endif

namespace guestdump::support {

#ifdef OWN_MALLOC
constexpr bool kHasGlibcMalloc = false;
#else
constexpr bool kHasGlibcMalloc = true;
#endif

/// From now on this process, a test's own, is given @room more bytes of address space.
inline void limit_memory(size_t room) {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ck_assert_uint_gt(pages, 0);
    rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + room;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

}  // namespace guestdump::support
