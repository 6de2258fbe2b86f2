// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/page_kinds.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace guestdump::dump {
namespace {

using Page = std::span<const std::byte>;

constexpr size_t kLooks = 128;
constexpr size_t kLanes = PageKinds::kCount / 2;  ///< lanes of 16 bits in a word
/// One bit costs 12 units, one byte at most 255, so the sum of all looks fits a lane.
constexpr double kUnitsPerBit = 12;
constexpr double kMostUnits = 255;
static_assert(kLooks * 255 <= UINT16_MAX);
/// After this many rounds hardly any page changes its kind.
constexpr int kRounds = 4;

/// The byte at place @look of kLooks. The places are spread over the page, and over the offsets in
/// a word.
size_t look_at(Page page, size_t look) {
    return std::to_integer<size_t>(page[look * (page.size() / kLooks) + look % 16]);
}

/// The first kinds: an equal number of pages each, by how many zeros the pages contain.
std::vector<size_t> first_guess(std::span<const Page> pages) {
    std::vector<ptrdiff_t> zeros;
    for (const Page page : pages) {
        zeros.push_back(std::count(page.begin(), page.end(), std::byte{0}));
    }
    std::vector<size_t> order(pages.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return zeros[a] < zeros[b]; });
    std::vector<size_t> kinds(pages.size());
    for (size_t rank = 0; rank < order.size(); ++rank) {
        kinds[order[rank]] = rank * PageKinds::kCount / order.size();
    }
    return kinds;
}

}  // namespace

PageKinds::PageKinds(std::span<const Page> pages) {
    std::vector<size_t> kinds = first_guess(pages);
    for (int round = 0; round < kRounds; ++round) {
        learn(pages, kinds);
        std::transform(pages.begin(), pages.end(), kinds.begin(),
                       [this](Page page) { return kind_of(page); });
    }
}

size_t PageKinds::kind_of(Page page) const {
    Costs sums{};
    for (size_t look = 0; look < kLooks; ++look) {
        const Costs& costs = costs_[look_at(page, look)];
        sums[0] += costs[0];
        sums[1] += costs[1];
    }
    size_t best = 0;
    uint64_t least = UINT64_MAX;
    for (size_t kind = 0; kind < kCount; ++kind) {
        const uint64_t sum = sums[kind / kLanes] >> 16 * (kind % kLanes) & UINT16_MAX;
        if (sum < least) {
            least = sum;
            best = kind;
        }
    }
    return best;
}

/// Computes costs_ from the bytes of the pages of each kind.
void PageKinds::learn(std::span<const Page> pages, std::span<const size_t> kinds) {
    std::array<std::array<double, 256>, kCount> counts;
    // A byte that never occurs in a kind is unlikely there, not impossible.
    for (auto& of_kind : counts) of_kind.fill(0.5);
    for (size_t i = 0; i < pages.size(); ++i) {
        for (size_t look = 0; look < kLooks; ++look) ++counts[kinds[i]][look_at(pages[i], look)];
    }
    costs_ = {};
    for (size_t kind = 0; kind < kCount; ++kind) {
        const double total = std::accumulate(counts[kind].begin(), counts[kind].end(), 0.0);
        for (size_t byte = 0; byte < 256; ++byte) {
            const double units = std::log2(total / counts[kind][byte]) * kUnitsPerBit;
            const auto cost = static_cast<uint64_t>(std::min(units, kMostUnits));
            costs_[byte][kind / kLanes] |= cost << 16 * (kind % kLanes);
        }
    }
}

}  // namespace guestdump::dump
