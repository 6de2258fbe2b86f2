// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/memory_scan.h"

#include <algorithm>
#include <span>

#include "util/ordered_stages.h"

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;

namespace {

/// Hands out the populated bytes of a list's ranges piece by piece.
class PieceQueue {
  public:
    PieceQueue(const RangeList& ranges, const ExtentOf& extent_of)
        : ranges_(ranges), extent_of_(extent_of) {}

    /// False at the end.
    bool next(GpaRange& piece) {
        while (!ranges_.empty()) {
            if (!at_data()) continue;
            const uint64_t from = ranges_.front().start.value + done_;
            const uint64_t size = std::min(data_end_ - done_, kScanPiece - from % kScanPiece);
            piece = {Gpa{from}, size};
            done_ += size;
            return true;
        }
        return false;
    }

  private:
    /// Goes on to the next populated byte, or, if it returns false, a step towards it.
    bool at_data() {
        if (done_ < data_end_) return true;
        const GpaRange& range = ranges_.front();
        if (done_ == range.size) {
            ranges_ = ranges_.subspan(1);
            done_ = data_end_ = 0;
            return false;
        }
        const uint64_t limit = range.size - done_;
        const guest::RamExtent extent = extent_of_(Gpa{range.start.value + done_}, limit);
        data_end_ = done_ + std::min(extent.length, limit);
        if (!extent.populated) done_ = data_end_;
        return extent.populated;
    }

    std::span<const GpaRange> ranges_;
    const ExtentOf& extent_of_;
    uint64_t done_ = 0;      ///< bytes of the first range that were handed out or skipped
    uint64_t data_end_ = 0;  ///< bytes of the first range up to here are known to be populated
};

}  // namespace

Result<> scan(const RangeList& ranges, const ExtentOf& extent_of, unsigned threads,
              const std::function<Result<>(size_t slot, GpaRange piece)>& visit) {
    const size_t slots = size_t{threads} * 2;
    std::vector<GpaRange> pieces(slots);
    PieceQueue queue(ranges, extent_of);
    const util::StagePlan plan{
        .begin_job = [&](size_t slot) -> Result<bool> { return queue.next(pieces[slot]); },
        .stages = {{.order = util::Stage::Order::parallel,
                    .run = [&](size_t slot) { return visit(slot, pieces[slot]); }}},
    };
    return util::run_stages(threads, slots, plan);
}

}  // namespace guestdump::vmcore
