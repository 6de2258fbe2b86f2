// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/memory_scan.h"

#include <algorithm>

#include "util/ordered_stages.h"

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;

namespace {

/// What of @range lies before, between and behind @others, which are in order.
void add_gaps(const GpaRange& range, std::span<const GpaRange> others, std::vector<GpaRange>& out) {
    uint64_t at = range.start.value;
    const auto first = std::partition_point(
        others.begin(), others.end(),
        [&](const GpaRange& other) { return other.last() < range.start.value; });
    for (auto other = first; other != others.end() && other->start.value <= range.last(); ++other) {
        if (other->start.value > at) out.push_back({Gpa{at}, other->start.value - at});
        if (other->last() >= range.last()) return;
        at = other->last() + 1;
    }
    out.push_back({Gpa{at}, range.last() - at + 1});
}

/// Hands out a list's ranges piece by piece.
class PieceQueue {
  public:
    explicit PieceQueue(std::span<const GpaRange> ranges) : ranges_(ranges) {}

    /// False at the end.
    bool next(GpaRange& piece) {
        if (ranges_.empty()) return false;
        const GpaRange& range = ranges_.front();
        const uint64_t from = range.start.value + done_;
        const uint64_t size = std::min(range.size - done_, kScanPiece - from % kScanPiece);
        piece = {Gpa{from}, size};
        done_ += size;
        if (done_ == range.size) {
            ranges_ = ranges_.subspan(1);
            done_ = 0;
        }
        return true;
    }

  private:
    std::span<const GpaRange> ranges_;
    uint64_t done_ = 0;  ///< bytes of the first range
};

}  // namespace

std::vector<GpaRange> ranges_of(const guest::GuestPhysBlockList& blocks) {
    std::vector<GpaRange> ranges;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        const bool joins = !ranges.empty() && ranges.back().last() + 1 == block.range.start.value;
        if (joins) {
            ranges.back().size += block.range.size;
        } else {
            ranges.push_back(block.range);
        }
    }
    return ranges;
}

std::vector<GpaRange> common_ranges(const guest::GuestPhysBlockList& a,
                                    const guest::GuestPhysBlockList& b) {
    const std::vector<GpaRange> left = ranges_of(a), right = ranges_of(b);
    std::vector<GpaRange> common;
    for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
        if (const auto both = left[i].overlap(right[j])) common.push_back(*both);
        ++(left[i].last() < right[j].last() ? i : j);
    }
    return common;
}

std::vector<GpaRange> ranges_without(const guest::GuestPhysBlockList& a,
                                     const guest::GuestPhysBlockList& b) {
    const std::vector<GpaRange> others = ranges_of(b);
    std::vector<GpaRange> rest;
    for (const GpaRange& range : ranges_of(a)) add_gaps(range, others, rest);
    return rest;
}

Result<> scan(std::span<const GpaRange> ranges, unsigned threads,
              const std::function<Result<>(size_t slot, GpaRange piece)>& visit) {
    const size_t slots = size_t{threads} * 2;
    std::vector<GpaRange> pieces(slots);
    PieceQueue queue(ranges);
    const util::StagePlan plan{
        .begin_job = [&](size_t slot) -> Result<bool> { return queue.next(pieces[slot]); },
        .stages = {{.order = util::Stage::Order::parallel,
                    .run = [&](size_t slot) { return visit(slot, pieces[slot]); }}},
    };
    return util::run_stages(threads, slots, plan);
}

}  // namespace guestdump::vmcore
