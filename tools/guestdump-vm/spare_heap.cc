// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/spare_heap.h"

#include <malloc.h>

#include <cerrno>
#include <cstdlib>

namespace guestdump::tools {
namespace {

/// Number of bytes by which the heap grows beyond a request, and which it keeps when it shrinks, so
/// that most dumps find enough heap.
constexpr int kPad = int{kSpareHeap} + (8 << 20);
constexpr int kMostMappings = 65536;  ///< glibc's default [glibc malloc/malloc.c]

}  // namespace

void keep_spare_heap() {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, kPad);
}

Result<> check_spare_heap() {
    // Otherwise it would be a mapping, which free() returns to the host.
    mallopt(M_MMAP_MAX, 0);
    void* volatile spare = std::malloc(kSpareHeap);  // volatile, or the compiler removes both calls
    if (!spare) {
        // The host may have enough memory for this but not for the padding.
        mallopt(M_TOP_PAD, 0);
        spare = std::malloc(kSpareHeap);
        mallopt(M_TOP_PAD, kPad);
    }
    mallopt(M_MMAP_MAX, kMostMappings);
    if (!spare) return Error::from_errno(ENOMEM, "having %zu bytes of heap to spare", kSpareHeap);
    std::free(spare);
    return {};
}

}  // namespace guestdump::tools
