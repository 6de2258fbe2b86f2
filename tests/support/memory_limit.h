// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

#include "tests/support/libcheck.h"
#include "util/unique_fd.h"

// Sanitizers have a malloc() of their own, which ends the process if there is no memory.
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

/// Limits the address space of this process, which runs one test, to its present size plus @room
/// bytes. Allocates nothing, because there may be no memory left.
inline void limit_memory(size_t room) {
    char text[128] = {};  // "PAGES ..."
    const util::UniqueFd statm(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    ck_assert_int_gt(::read(statm.get(), text, sizeof(text) - 1), 0);
    const size_t pages = std::strtoul(text, nullptr, 10);
    ck_assert_uint_gt(pages, 0);
    rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + room;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

}  // namespace guestdump::support
