// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/request.h"
#include "dump/snapshot.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// Bytes that a dump will take in a file system.
struct SizeEstimate {
    uint64_t bytes = 0;          ///< the expected number
    uint64_t lowest = 0;         ///< lower bound
    uint64_t highest = 0;        ///< upper bound
    uint64_t without_holes = 0;  ///< upper bound if the target cannot have holes (elf to a pipe)
    uint32_t level = 0;          ///< dump level of what would be left out
    std::optional<linux_guest::PageCounts> page_counts{};  ///< as Snapshot::page_counts
    std::vector<std::string> warnings{};                   ///< as Snapshot::warnings
};

/// Estimates the size of @request's dump of @snapshot. Looks at 2^14 pages at most, and compresses
/// 2^11 of them at most, for a guest of any size. The same guest gives the same numbers. The bounds
/// are three standard deviations away. If all pages can be looked at and compressed, the three
/// numbers are equal, except for the records of the flattened format and of holes in the file
/// system.
///
/// @pages may change meanwhile. Errors: those of @pages and of the layout; the compressor is not
/// available.
Result<SizeEstimate> estimate_size(const Snapshot& snapshot, const Request& request,
                                   const guest::PageSource& pages);

/// Prepares a dump of @capture for @request and estimates its size. Excluded zero pages are counted
/// in the sample only, as holes. Any thread except the main
/// loop. Errors: those of Snapshot::prepare() and estimate_size(); cancellation.
Result<SizeEstimate> estimate_size(const Capture& capture, const Request& request,
                                   const util::Cancellation& cancellation);

}  // namespace guestdump::dump
