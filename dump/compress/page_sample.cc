// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/page_sample.h"

#include <algorithm>

#include "util/zero.h"

namespace guestdump::dump {
namespace {

// Measured on real guests: of the size that codes from every page give, 512 pages come within 0.3
// %.
constexpr size_t kSampleBytes = size_t{2} << 20;
/// Most of a guest may be zero.
constexpr uint64_t kMostLooks = uint64_t{1} << 14;

/// The place of look @number in [0, @total): multiples of the golden ratio, which spread evenly
/// however many of them are taken.
uint64_t place_of(uint64_t number, uint64_t total) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>(Wide{number * 0x9e3779b97f4a7c15} * total >> 64);
}

}  // namespace

Result<util::MappedArray<std::byte>> sample_pages(const guest::PageSet& pages, size_t page_size,
                                                  const guest::PageSource& source) {
    const uint64_t total = pages.count();
    // A page that is given away once it was read cannot be looked at beforehand.
    const uint64_t looks = source.pages_stay() ? std::min(total, kMostLooks) : 0;
    auto sample = TRY(util::MappedArray<std::byte>::make(
        std::min<uint64_t>(total, kSampleBytes / page_size) * page_size));
    size_t filled = 0;
    for (uint64_t look = 0; look < looks && filled < sample.size(); ++look) {
        const uint64_t pfn = pages.select(place_of(look, total));
        const guest::Gpa from{pfn * page_size};
        const guest::RamExtent extent = source.extent(from, page_size);
        if (!extent.populated && extent.length >= page_size) continue;
        const auto page = std::span(sample).subspan(filled, page_size);
        if (auto done = source.read_padded(from, page); !done) {
            return std::move(done).take_error().while_("reading page 0x%" PRIx64, pfn);
        }
        if (!util::all_zero(page)) filled += page_size;
    }
    sample.truncate(filled);
    return sample;
}

}  // namespace guestdump::dump
