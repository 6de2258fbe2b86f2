// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/page_survey.h"

#include <bit>
#include <unordered_map>
#include <vector>

#include "dump/kdump/page_hash.h"
#include "util/zero.h"

namespace guestdump::dump {
namespace {

static_assert(std::has_single_bit(PageSurvey::kMostLooks));

/// The part for look @number. Every part comes once, and the first ones are spread over all memory,
/// because only they are compressed.
uint64_t part_of(uint64_t number) {
    return number * 0x9e3779b97f4a7c15 % PageSurvey::kMostLooks;
}

/// Mixes the bits of @number well. [Steele, Lea and Flood 2014, SplitMix64]
uint64_t mixed(uint64_t number) {
    number += 0x9e3779b97f4a7c15;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}

/// The page to look at in part @part of @total pages. There are more pages than parts.
uint64_t page_in(uint64_t part, uint64_t total) {
    __extension__ using Wide = unsigned __int128;
    const auto begin = static_cast<uint64_t>(Wide{part} * total / PageSurvey::kMostLooks);
    const auto end = static_cast<uint64_t>(Wide{part + 1} * total / PageSurvey::kMostLooks);
    return begin + mixed(part) % (end - begin);
}

class Surveyor {
  public:
    Surveyor(size_t page_size, const guest::PageSource& source, const SurveyOptions& options)
        : source_(source), options_(options), page_(page_size), room_(shrink_room(page_size)) {}

    Result<> look_at(uint64_t pfn) {
        ++survey_.looks;
        const guest::Gpa from{pfn * page_.size()};
        const guest::RamExtent extent = source_.extent(from, page_.size());
        if (!extent.populated && extent.length >= page_.size()) return {};
        TRY(source_.read_padded(from, page_));
        if (util::all_zero(page_)) return {};
        ++survey_.filled;
        if (options_.find_equal && ++seen_[hash_page(page_)] > 1) return {};
        ++survey_.distinct;
        measure();
        return {};
    }

    PageSurvey conclude(uint64_t total) && {
        survey_.total = total;
        for (const auto& [hash, count] : seen_) {
            survey_.seen_once += count == 1;
            survey_.seen_twice += count == 2;
        }
        return survey_;
    }

  private:
    void measure() {
        if (!options_.compressor || survey_.measured == PageSurvey::kMostMeasured) return;
        const uint64_t stored = options_.compressor->shrink(page_, room_).value_or(page_.size());
        ++survey_.measured;
        survey_.stored += stored;
        survey_.stored_squares += static_cast<double>(stored * stored);
    }

    const guest::PageSource& source_;
    SurveyOptions options_;
    std::vector<std::byte> page_, room_;
    std::unordered_map<uint64_t, unsigned> seen_;  ///< number of occurrences, by hash
    PageSurvey survey_;
};

}  // namespace

Result<PageSurvey> survey_pages(const guest::PageSet& pages, size_t page_size,
                                const guest::PageSource& source, const SurveyOptions& options) {
    const uint64_t total = pages.count();
    const bool whole = total <= PageSurvey::kMostLooks;
    Surveyor surveyor(page_size, source, options);
    for (uint64_t look = 0; look < PageSurvey::kMostLooks; ++look) {
        const uint64_t part = part_of(look);
        if (whole && part >= total) continue;
        TRY(surveyor.look_at(pages.select(whole ? part : page_in(part, total))));
    }
    return std::move(surveyor).conclude(total);
}

}  // namespace guestdump::dump
