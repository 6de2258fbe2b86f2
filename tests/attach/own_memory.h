// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <span>

#include "tests/support/libcheck.h"

namespace guestdump::attach {

inline constexpr size_t kPage = 4096;

/// Memory of this process, which tests read as if it belonged to another process.
class OwnMemory {
  public:
    OwnMemory(size_t pages, int flags, int fd = -1) : size_(pages * kPage) {
        start_ =
            static_cast<std::byte*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, flags, fd, 0));
        ck_assert(start_ != MAP_FAILED);
        ::madvise(start_, size_, MADV_NOHUGEPAGE);  // touching a page must not populate others
    }
    ~OwnMemory() { ::munmap(start_, size_); }
    OwnMemory(const OwnMemory&) = delete;
    OwnMemory& operator=(const OwnMemory&) = delete;

    uint64_t address(size_t page = 0) const {
        return reinterpret_cast<uintptr_t>(start_) + page * kPage;
    }
    std::span<std::byte> page(size_t page) { return {start_ + page * kPage, kPage}; }
    void write(size_t number, uint8_t value) { page(number)[0] = std::byte{value}; }

  private:
    size_t size_;
    std::byte* start_;
};

}  // namespace guestdump::attach
