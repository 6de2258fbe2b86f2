// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "guest/ram_region.h"

namespace guestdump::guest {

/// Data and holes of a file. Any thread. [lseek(2), SEEK_HOLE]
class FileRuns {
  public:
    /// @fd must outlive this; the file is used up to @size bytes.
    FileRuns(int fd, uint64_t size) : fd_(fd), size_(size) {}

    /// What lies at @offset of the file, up to @limit (exclusive, above @offset): data or a hole.
    ///
    /// Where the file system cannot tell, all is data. So is what lies behind the end of a file
    /// that someone made shorter: reading it is to fail, not to be left out.
    RamExtent extent(uint64_t offset, uint64_t limit) const;

  private:
    int fd_;
    uint64_t size_;
    struct Run {
        uint64_t begin = 0, end = 0;
    };
    const Run* known(uint64_t offset) const;

    /// The runs of data found last. The kernel goes through the whole run to find its end; to do so
    /// for every piece of it would take time in the square of its length. More than one, because a
    /// dump's steps are at several places at once. A hole is found fast, and not kept: the guest
    /// may fill it.
    mutable std::mutex mutex_;
    mutable std::array<Run, 16> kept_{};
    mutable size_t oldest_ = 0;
};

}  // namespace guestdump::guest
