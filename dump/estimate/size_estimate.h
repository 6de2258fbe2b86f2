// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/request.h"
#include "dump/snapshot.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// Bytes of a file system that a dump is going to take.
struct SizeEstimate {
    uint64_t bytes = 0;          ///< what to expect
    uint64_t lowest = 0;         ///< hardly less
    uint64_t highest = 0;        ///< hardly more
    uint64_t without_holes = 0;  ///< highest, where a target cannot have holes (elf to a pipe)
};

/// What @request's dump of @snapshot would take if it were made now. Looks at 2^14 pages at most,
/// and compresses 2^11 of them, whatever the guest's size; the same guest gives the same numbers.
/// The bounds are three standard deviations away. Where all pages can be looked at, and compressed,
/// the three numbers are one, but for the records of the flattened format and what the file system
/// keeps of holes.
///
/// @pages may change meanwhile. Errors: those of @pages and of the layout, no such compressor.
Result<SizeEstimate> estimate_size(const Snapshot& snapshot, const Request& request,
                                   const guest::PageSource& pages);

/// Prepares a dump of @capture for @request, and estimates its size: all that estimate_size()
/// needs, in one. Any thread but the main loop's. Errors: those of Snapshot::prepare() and
/// estimate_size(); cancellation.
Result<SizeEstimate> estimate_size(const Capture& capture, const Request& request,
                                   const util::Cancellation& cancellation);

}  // namespace guestdump::dump
