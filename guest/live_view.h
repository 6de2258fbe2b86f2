// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "guest/page_set.h"
#include "guest/page_source.h"
#include "util/cancellation.h"

namespace guestdump::guest {

/// How often a live dump has delayed the guest since the moment.
struct LiveStatistics {
    uint64_t write_faults = 0;  ///< first writes to pages that were not saved yet
    uint64_t pages_copied = 0;  ///< pages of 4 KiB that were copied aside
    uint64_t pool_waits = 0;    ///< write faults that found no room for a copy
};

/// The memory of a guest at one moment, although the guest runs on: before the guest changes a
/// page, the page is saved.
///
/// The order of calls is: arm(), freeze(), reads, begin_pages(), one read of each page, end().
/// pages_stay() is false.
class LiveView : public PageSource {
  public:
    /// Prepares memory, so that freeze() takes milliseconds whatever the size of memory. The guest
    /// runs. Dump thread. Errors: the host refuses; cancellation.
    virtual Result<> arm(const util::Cancellation& cancellation) = 0;

    /// Makes the present the moment that is shown. The guest must be paused. Main loop. Errors: the
    /// host refuses.
    virtual Result<> freeze() = 0;

    /// Announces that from now on each page of @pages, of @page_size bytes, is read once, and no
    /// other page is read. Dump thread. Errors: the host has no memory to give.
    virtual Result<> begin_pages(const PageSet& pages, uint64_t page_size) = 0;

    /// Releases all memory. Reads fail afterwards. May be called more than once. Any thread that
    /// does not hold a lock needed to serve the guest.
    virtual void end() = 0;

    /// The statistics so far. Any thread.
    virtual LiveStatistics statistics() const = 0;

    bool pages_stay() const final { return false; }
};

}  // namespace guestdump::guest
