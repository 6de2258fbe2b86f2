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
    /// @fd must stay open as long as this exists. The file is used up to @size bytes.
    FileRuns(int fd, uint64_t size) : fd_(fd), size_(size) {}

    /// The kind of the byte at @offset of the file (data or a hole), and the length of the run of
    /// that kind from there on, up to @limit (exclusive, above @offset).
    ///
    /// If the file system cannot report holes, everything is data. So is everything past the end of
    /// a truncated file, because reading it must fail, not be skipped.
    RamExtent extent(uint64_t offset, uint64_t limit) const;

  private:
    int fd_;
    uint64_t size_;
    struct Run {
        uint64_t begin = 0, end = 0;
    };
    const Run* known(uint64_t offset) const;

    /// The runs of data found last. The kernel scans a whole run to find its end; repeating that
    /// for every piece of the run would take quadratic time. Several runs are kept, because a dump
    /// reads at several places at once. Holes are not kept, because the guest may fill them, and
    /// finding them is fast.
    mutable std::mutex mutex_;
    mutable std::array<Run, 16> kept_{};
    mutable size_t oldest_ = 0;
};

}  // namespace guestdump::guest
