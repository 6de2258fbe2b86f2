// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/mapped_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "util/round.h"

namespace guestdump::util {
namespace {

Error refused(size_t bytes) {
    return Error::from_errno(ENOMEM, "allocating %zu bytes", bytes);
}

}  // namespace

Result<Mapping> Mapping::make(size_t bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    if (bytes > SIZE_MAX - 2 * page) return refused(bytes);
    const size_t usable = round_up(bytes, page);
    void* const start = mmap(nullptr, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return refused(bytes);
    Mapping mapping(static_cast<std::byte*>(start), usable + page);
    if (mprotect(start, usable, PROT_READ | PROT_WRITE) != 0) return refused(bytes);
    // The result is ignored: a kernel without MADV_DONTDUMP includes the memory in cores.
    madvise(start, usable, MADV_DONTDUMP);
    return mapping;
}

Mapping::~Mapping() {
    if (start_) munmap(start_, size_);
}

}  // namespace guestdump::util
