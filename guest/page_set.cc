// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/page_set.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace guestdump::guest {
namespace {

constexpr uint64_t kWord = 64;     ///< bits
constexpr uint64_t kGroup = 2048;  ///< bits that one entry of the tree counts

/// Bits [@first, @end) of a word, 0 <= first < end <= 64.
uint64_t mask(uint64_t first, uint64_t end) {
    const uint64_t up_to_end = end == kWord ? ~uint64_t{0} : (uint64_t{1} << end) - 1;
    return up_to_end & ~uint64_t{0} << first;
}

}  // namespace

PageSet PageSet::of(const GuestPhysBlockList& blocks, uint64_t page_size) {
    PageSet set;
    for (const GuestPhysBlock& block : blocks.view()) {
        set.push({block.range.start.value / page_size, block.range.last() / page_size + 1});
    }
    return set;
}

PageSet PageSet::of(std::vector<PfnRun> runs) {
    PageSet set;
    for (const PfnRun& run : runs) set.push(run);
    return set;
}

/// Adds a run that begins at or after the start of the last one; joins runs that touch or overlap.
void PageSet::push(PfnRun run) {
    if (!extents_.empty() && extents_.back().pages.end >= run.first) {
        PfnRun& last = extents_.back().pages;
        count_ += std::max(last.end, run.end) - last.end;
        last.end = std::max(last.end, run.end);
        return;
    }
    extents_.push_back({run, count_});
    count_ += run.end - run.first;
}

/// The first extent that ends after @pfn.
size_t PageSet::extent_from(uint64_t pfn) const {
    const auto found =
        std::partition_point(extents_.begin(), extents_.end(),
                             [pfn](const Extent& extent) { return extent.pages.end <= pfn; });
    return static_cast<size_t>(found - extents_.begin());
}

uint64_t PageSet::places() const {
    if (extents_.empty()) return 0;
    const Extent& last = extents_.back();
    return last.before + (last.pages.end - last.pages.first);
}

/// The place of @pfn, or of the next page that has one.
uint64_t PageSet::place_of(uint64_t pfn) const {
    const size_t index = extent_from(pfn);
    if (index == extents_.size()) return places();
    const Extent& extent = extents_[index];
    return extent.before + (std::max(pfn, extent.pages.first) - extent.pages.first);
}

void PageSet::keep(PfnRun run) {
    if (bits_.size() != 0) {
        clear(0, place_of(run.first));
        clear(place_of(run.end), places());
        return;
    }
    std::vector<Extent> old = std::exchange(extents_, {});
    count_ = 0;
    for (const Extent& extent : old) {
        const PfnRun part{std::max(extent.pages.first, run.first),
                          std::min(extent.pages.end, run.end)};
        if (part.first < part.end) push(part);
    }
}

Result<> PageSet::remove(PfnRun run) {
    const uint64_t first = place_of(run.first), end = place_of(run.end);
    if (first >= end) return {};
    if (bits_.size() == 0) TRY(begin_filter());
    clear(first, end);
    return {};
}

Result<> PageSet::begin_filter() {
    const uint64_t bits = places();
    Words words = TRY(Words::make(bits / kWord + 1));
    Words groups = TRY(Words::make(bits / kGroup + 2));
    std::fill_n(words.begin(), bits / kWord, ~uint64_t{0});
    if (bits % kWord != 0) words[bits / kWord] = mask(0, bits % kWord);
    bits_ = std::move(words);
    groups_ = std::move(groups);
    for (uint64_t at = 0; at < bits; at += kGroup)
        add_to_group(at / kGroup, std::min(kGroup, bits - at));
    return {};
}

/// Adds @difference, modulo 2^64, to the count of @group.
void PageSet::add_to_group(uint64_t group, uint64_t difference) {
    for (uint64_t i = group + 1; i < groups_.size(); i += i & (~i + 1)) groups_[i] += difference;
}

/// Clears the bits [@first, @end).
void PageSet::clear(uint64_t first, uint64_t end) {
    while (first < end) {
        const uint64_t group = first / kGroup, limit = std::min(end, (group + 1) * kGroup);
        uint64_t cleared = 0;
        while (first < limit) {
            const uint64_t in_word = first % kWord;
            const uint64_t stop = std::min(limit - first + in_word, kWord);
            uint64_t& word = bits_[first / kWord];
            const uint64_t gone = word & mask(in_word, stop);
            word &= ~gone;
            cleared += static_cast<uint64_t>(std::popcount(gone));
            first += stop - in_word;
        }
        count_ -= cleared;
        add_to_group(group, ~cleared + 1);
    }
}

Result<> PageSet::remove(uint64_t first, std::span<const uint64_t> marks) {
    const auto is_empty = [](uint64_t word) { return word == 0; };
    if (std::all_of(marks.begin(), marks.end(), is_empty)) return {};
    const uint64_t end = first + marks.size() * kWord;
    for (size_t i = extent_from(first); i < extents_.size(); ++i) {
        if (extents_[i].pages.first >= end) break;
        if (bits_.size() == 0) TRY(begin_filter());
        clear_marked(extents_[i], first, marks);
    }
    return {};
}

/// Clears the bits of the pages of @extent that are marked.
void PageSet::clear_marked(const Extent& extent, uint64_t first, std::span<const uint64_t> marks) {
    const uint64_t from = std::max(extent.pages.first, first);
    const uint64_t to = std::min(extent.pages.end, first + marks.size() * kWord);
    uint64_t place = extent.before + (from - extent.pages.first);
    const uint64_t limit = place + (to - from);
    // A place's page has this many marks more before it than the place has bits, modulo 2^64.
    const uint64_t distance = from - first - place;
    while (place < limit) {
        const uint64_t group = place / kGroup, stop = std::min(limit, (group + 1) * kGroup);
        uint64_t cleared = 0;
        while (place < stop) {
            const uint64_t in_word = place % kWord;
            const uint64_t end = std::min(stop - place + in_word, kWord);
            const uint64_t at = place + distance, shift = at % kWord;
            uint64_t marked = marks[at / kWord] >> shift;
            if (shift != 0 && at / kWord + 1 < marks.size())
                marked |= marks[at / kWord + 1] << (kWord - shift);
            uint64_t& word = bits_[place / kWord];
            const uint64_t gone = word & (marked << in_word) & mask(in_word, end);
            word &= ~gone;
            cleared += static_cast<uint64_t>(std::popcount(gone));
            place += end - in_word;
        }
        if (cleared == 0) continue;
        count_ -= cleared;
        add_to_group(group, ~cleared + 1);
    }
}

Result<PageSet> PageSet::copy() const {
    PageSet other;
    other.extents_ = extents_;
    other.count_ = count_;
    other.bits_ = TRY(Words::make(bits_.size()));
    other.groups_ = TRY(Words::make(groups_.size()));
    std::copy(bits_.begin(), bits_.end(), other.bits_.begin());
    std::copy(groups_.begin(), groups_.end(), other.groups_.begin());
    return other;
}

bool PageSet::contains(uint64_t pfn) const {
    const size_t index = extent_from(pfn);
    if (index == extents_.size() || pfn < extents_[index].pages.first) return false;
    if (bits_.size() == 0) return true;
    const uint64_t place = place_of(pfn);
    return (bits_[place / kWord] >> place % kWord & 1) != 0;
}

/// The number of pages in the set whose place is below @place.
uint64_t PageSet::kept_below(uint64_t place) const {
    if (bits_.size() == 0) return place;
    uint64_t sum = 0;
    for (uint64_t i = place / kGroup; i > 0; i &= i - 1) sum += groups_[i];
    for (uint64_t at = place / kGroup * kGroup; at < place; at += kWord) {
        const uint64_t word = bits_[at / kWord] & mask(0, std::min(place - at, kWord));
        sum += static_cast<uint64_t>(std::popcount(word));
    }
    return sum;
}

/// The place of page number @index of the set.
uint64_t PageSet::nth_kept(uint64_t index) const {
    if (bits_.size() == 0) return index;
    uint64_t group = 0;
    for (uint64_t step = std::bit_floor(groups_.size() - 1); step > 0; step /= 2) {
        if (group + step < groups_.size() && groups_[group + step] <= index) {
            group += step;
            index -= groups_[group];
        }
    }
    uint64_t at = group * kGroup / kWord;
    for (;; ++at) {
        const auto count = static_cast<uint64_t>(std::popcount(bits_[at]));
        if (index < count) break;
        index -= count;
    }
    uint64_t word = bits_[at];
    for (; index > 0; --index) word &= word - 1;  // drops the lowest bit that is set
    return at * kWord + static_cast<uint64_t>(std::countr_zero(word));
}

uint64_t PageSet::rank(uint64_t pfn) const {
    return kept_below(place_of(pfn));
}

uint64_t PageSet::select(uint64_t index) const {
    const uint64_t place = nth_kept(index);
    const auto after =
        std::partition_point(extents_.begin(), extents_.end(),
                             [place](const Extent& extent) { return extent.before <= place; });
    const Extent& extent = *std::prev(after);
    return extent.pages.first + (place - extent.before);
}

/// The first place in [@place, @limit) whose page is in the set (or, if @kept is false, is not in
/// it); @limit if there is none.
uint64_t PageSet::next_place(uint64_t place, uint64_t limit, bool kept) const {
    if (bits_.size() == 0) return kept ? place : limit;
    while (place < limit) {
        const uint64_t word = bits_[place / kWord];
        const uint64_t wanted = (kept ? word : ~word) & mask(place % kWord, kWord);
        const uint64_t base = place / kWord * kWord;
        if (wanted != 0)
            return std::min(limit, base + static_cast<uint64_t>(std::countr_zero(wanted)));
        place = base + kWord;
    }
    return limit;
}

std::optional<PfnRun> PageSet::next_run(uint64_t pfn) const {
    for (size_t i = extent_from(pfn); i < extents_.size(); ++i) {
        const Extent& extent = extents_[i];
        const uint64_t from = std::max(pfn, extent.pages.first) - extent.pages.first;
        const uint64_t limit = extent.before + (extent.pages.end - extent.pages.first);
        const uint64_t first = next_place(extent.before + from, limit, true);
        if (first == limit) continue;
        const uint64_t end = next_place(first, limit, false);
        const uint64_t base = extent.pages.first - extent.before;  // modulo 2^64
        return PfnRun{base + first, base + end};
    }
    return std::nullopt;
}

GuestPhysBlockList clip(const GuestPhysBlockList& blocks, const PageSet& pages,
                        uint64_t page_size) {
    GuestPhysBlockList result;
    for (const GuestPhysBlock& block : blocks.view()) {
        const uint64_t last = block.range.last() / page_size;
        for (auto run = pages.next_run(block.range.start.value / page_size);
             run && run->first <= last; run = pages.next_run(run->end)) {
            const uint64_t from = run->first * page_size;
            result.append(*block.clip({Gpa{from}, (run->end - run->first) * page_size}));
        }
    }
    return result;
}

}  // namespace guestdump::guest
