// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/compress/compressor.h"
#include "guest/page_set.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// Statistics of some pages of a dump. Takes bounded time, for a guest of any size.
struct PageSurvey {
    /// Pages to look at. If there are no more than this, each is looked at once.
    static constexpr uint64_t kMostLooks = uint64_t{1} << 14;
    /// Pages to compress.
    static constexpr uint64_t kMostMeasured = uint64_t{1} << 11;

    uint64_t total = 0;         ///< pages in the dump
    uint64_t looks = 0;         ///< pages looked at
    uint64_t filled = 0;        ///< of the pages looked at: not zero
    uint64_t distinct = 0;      ///< of the filled ones: distinct; all if not find_equal
    uint64_t seen_once = 0;     ///< of the distinct ones
    uint64_t seen_twice = 0;    ///< of the distinct ones
    uint64_t measured = 0;      ///< of the distinct ones: compressed
    uint64_t stored = 0;        ///< bytes of the measured ones, compressed
    double stored_squares = 0;  ///< sum of the squares of those sizes

    /// Every page was looked at.
    bool whole() const { return looks == total; }
};

struct SurveyOptions {
    bool find_equal = false;           ///< count equal pages
    Compressor* compressor = nullptr;  ///< nullptr: measure none
};

/// Divides the pages into kMostLooks parts of equal size and looks at one page in each, at a place
/// that is random but the same every time. This is as even as possible and, unlike a fixed step,
/// does not systematically miss one of two equal pages.
///
/// @pages must not be empty. Errors: those of @source.
Result<PageSurvey> survey_pages(const guest::PageSet& pages, size_t page_size,
                                const guest::PageSource& source, const SurveyOptions& options);

}  // namespace guestdump::dump
