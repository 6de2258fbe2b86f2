// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/compress/compressor.h"
#include "guest/page_set.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// What some pages of a dump are like. Takes bounded time, for a guest of any size.
struct PageSurvey {
    /// Looks; where there are no more pages than this, each is looked at once.
    static constexpr uint64_t kMostLooks = uint64_t{1} << 14;
    /// Pages that are compressed.
    static constexpr uint64_t kMostMeasured = uint64_t{1} << 11;

    uint64_t total = 0;         ///< pages that there are
    uint64_t looks = 0;         ///< pages that were looked at
    uint64_t filled = 0;        ///< of those: not zero
    uint64_t distinct = 0;      ///< of those: different from each other; all where nobody asked
    uint64_t seen_once = 0;     ///< of the distinct ones
    uint64_t seen_twice = 0;    ///< of the distinct ones
    uint64_t measured = 0;      ///< of the distinct ones: compressed
    uint64_t stored = 0;        ///< bytes that the measured ones take
    double stored_squares = 0;  ///< sum of the squares of those bytes, page by page

    /// Every page was looked at.
    bool whole() const { return looks == total; }
};

struct SurveyOptions {
    bool find_equal = false;           ///< pages that are equal are of interest
    Compressor* compressor = nullptr;  ///< nullptr: none is to be measured
};

/// Looks are one in each of as many parts of equal size, at a place that is random there but the
/// same every time: as even as may be, and unlike a fixed step as likely as not to meet two pages
/// of a pair.
///
/// @pages must not be empty. Errors: those of @source.
Result<PageSurvey> survey_pages(const guest::PageSet& pages, size_t page_size,
                                const guest::PageSource& source, const SurveyOptions& options);

}  // namespace guestdump::dump
