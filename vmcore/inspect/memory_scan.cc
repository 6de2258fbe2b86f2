// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/memory_scan.h"

#include <algorithm>
#include <span>

#include "util/ordered_stages.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {

using guest::Gpa;
using guest::GpaRange;

namespace {

/// Returns the populated bytes of a list of ranges piece by piece. A page with any of them is in
/// one piece: the file need not have pages at multiples of a page.
class PieceQueue {
  public:
    PieceQueue(const guest::RangeList& ranges, const ExtentOf& extent_of, dump::Progress* progress)
        : ranges_(ranges), extent_of_(extent_of), progress_(progress) {}

    /// False at the end.
    bool next(GpaRange& piece) {
        while (!ranges_.empty()) {
            if (!at_data()) continue;
            const uint64_t from = ranges_.front().start.value + done_;
            const uint64_t size = std::min(data_end_ - done_, kScanPiece - from % kScanPiece);
            piece = {Gpa{from}, size};
            pass(size);
            return true;
        }
        return false;
    }

  private:
    /// Advances to the next populated byte. If it returns false, it has only advanced towards it.
    bool at_data() {
        if (done_ < data_end_) return true;
        const GpaRange& range = ranges_.front();
        if (done_ == range.size) {
            ranges_ = ranges_.subspan(1);
            done_ = data_end_ = 0;
            return false;
        }
        const uint64_t limit = range.size - done_;
        const uint64_t from = range.start.value + done_;
        const guest::RamExtent extent = extent_of_(Gpa{from}, limit);
        const uint64_t length = std::min(extent.length, limit);
        const uint64_t hole = extent.populated ? 0 : whole_hole(from, length, limit);
        data_end_ = done_ + (hole != 0 ? hole : to_page_end(from, length, limit));
        if (hole != 0) pass(hole);
        return hole == 0;
    }

    /// Returns the size of the hole that begins with the @hole bytes at @from, up to the end of its
    /// last whole page or of the range, which has @limit bytes from there.
    uint64_t whole_hole(uint64_t from, uint64_t hole, uint64_t limit) const {
        while (hole < limit && (from + hole) % kPageSize != 0) {
            const guest::RamExtent extent = extent_of_(Gpa{from + hole}, limit - hole);
            if (extent.populated) return hole - std::min(hole, (from + hole) % kPageSize);
            hole += std::min(extent.length, limit - hole);
        }
        return hole;
    }

    /// Returns @length, extended to the end of its last page if the range goes so far.
    static uint64_t to_page_end(uint64_t from, uint64_t length, uint64_t limit) {
        const uint64_t in_page = (from + length) % kPageSize;
        return in_page == 0 ? length : std::min(limit, length + (kPageSize - in_page));
    }

    void pass(uint64_t bytes) {
        done_ += bytes;
        if (progress_) progress_->add(bytes);
    }

    std::span<const GpaRange> ranges_;
    const ExtentOf& extent_of_;
    dump::Progress* progress_;
    uint64_t done_ = 0;      ///< bytes of the first range that were returned or skipped
    uint64_t data_end_ = 0;  ///< bytes of the first range up to here are known to be populated
};

}  // namespace

Result<> scan(const guest::RangeList& ranges, const ExtentOf& extent_of, unsigned threads,
              dump::Progress* progress,
              const std::function<Result<>(size_t slot, GpaRange piece)>& visit) {
    const size_t slots = size_t{threads} * 2;
    std::vector<GpaRange> pieces(slots);
    PieceQueue queue(ranges, extent_of, progress);
    const util::StagePlan plan{
        .begin_job = [&](size_t slot) -> Result<bool> { return queue.next(pieces[slot]); },
        .stages = {{.order = util::Stage::Order::parallel,
                    .run = [&](size_t slot) { return visit(slot, pieces[slot]); }}},
    };
    return util::run_stages(threads, slots, plan);
}

}  // namespace guestdump::vmcore
