// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "attach/process.h"
#include "guest/ram_region.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// Reports which pages of a process have memory. Does not touch the pages. Any thread.
class PageMap {
  public:
    /// Which pages count as populated.
    enum class Kind {
        present,      ///< in memory or swapped out
        own_present,  ///< present pages that are the process's own, not pages of a file
    };

    /// The kernel's interface that is used.
    enum class Way {
        scan,     ///< PAGEMAP_SCAN if the kernel has it (Linux 6.7), else as `entries`
        entries,  ///< the entry of each page in /proc/PID/pagemap
    };

    /// Errors: /proc/PID/pagemap cannot be opened.
    static Result<PageMap> open(const Process& process, Way way = Way::scan);

    PageMap(PageMap&& other) noexcept
        : pagemap_(std::move(other.pagemap_)), can_scan_(other.can_scan_.load()) {}

    /// Returns whether the page at @address is populated, and how many bytes from @address on, at
    /// most @limit, are in the same state. Pages whose state cannot be read count as populated.
    guest::RamExtent extent(uint64_t address, uint64_t limit, Kind kind) const;

  private:
    PageMap(util::UniqueFd pagemap, Way way)
        : pagemap_(std::move(pagemap)), can_scan_(way == Way::scan) {}

    guest::RamExtent scan(uint64_t address, uint64_t limit, Kind kind, bool& understood) const;

    util::UniqueFd pagemap_;
    mutable std::atomic<bool> can_scan_;  ///< cleared when the kernel refuses PAGEMAP_SCAN
};

}  // namespace guestdump::attach
