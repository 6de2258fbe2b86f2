// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/page_runs.h"

#include <algorithm>

namespace guestdump::vmcore {
namespace {

constexpr uint64_t kMostInRun = (uint64_t{1} << 24) - 1;

/// Orders the runs that contain a page: the one that came last is on top of the heap.
bool came_earlier(const PageRun& a, const PageRun& b) {
    return a.offset < b.offset;
}

bool begins_before(const PageRun& a, const PageRun& b) {
    return a.page != b.page ? a.page < b.page : a.offset < b.offset;
}

}  // namespace

Result<> PageRuns::add(uint64_t page, uint64_t count, uint64_t offset, bool zero) {
    if (!runs_.empty()) {
        PageRun& last = runs_.back();
        const bool follows = last.end() == page && last.zero == zero &&
                             count <= kMostInRun - last.count &&
                             (zero || offset_of(last, page) == offset);
        if (follows) {
            last.count += count;
            return {};
        }
    }
    for (uint64_t done = 0; done < count;) {
        const uint64_t now = std::min(count - done, kMostInRun);
        PageRun run{};
        run.page = page + done;
        run.count = now;
        run.offset = offset + (zero ? 0 : done * stride_);
        run.zero = zero;
        TRY(runs_.push_back(run));
        done += now;
    }
    return {};
}

Result<> PageRuns::resolve() {
    if (!std::is_sorted(runs_.begin(), runs_.end(), begins_before))
        std::sort(runs_.begin(), runs_.end(), begins_before);
    const auto overlap =
        std::adjacent_find(runs_.begin(), runs_.end(),
                           [](const PageRun& a, const PageRun& b) { return a.end() > b.page; });
    if (overlap == runs_.end()) return {};
    return remove_overlaps();
}

/// Visits all starts and ends in order; between two of them the latest of the open runs counts.
Result<> PageRuns::remove_overlaps() {
    PageRuns disjoint(stride_);
    util::MappedVector<PageRun> open;  // a heap
    uint64_t at = 0;
    for (size_t next = 0; next < runs_.size() || !open.empty();) {
        if (open.empty()) at = runs_[next].page;
        while (next < runs_.size() && runs_[next].page == at) {
            TRY(open.push_back(runs_[next++]));
            std::push_heap(open.begin(), open.end(), came_earlier);
        }
        const PageRun top = open[0];
        const uint64_t stop =
            next < runs_.size() ? std::min<uint64_t>(top.end(), runs_[next].page) : top.end();
        TRY(disjoint.add(at, stop - at, top.zero ? top.offset : offset_of(top, at), top.zero));
        at = stop;
        while (!open.empty() && open[0].end() <= at) {
            std::pop_heap(open.begin(), open.end(), came_earlier);
            open.truncate(open.size() - 1);
        }
    }
    runs_ = std::move(disjoint.runs_);
    return {};
}

const PageRun* PageRuns::find_from(uint64_t page) const {
    const PageRun* const found = std::partition_point(
        runs_.begin(), runs_.end(), [page](const PageRun& run) { return run.end() <= page; });
    return found == runs_.end() ? nullptr : found;
}

}  // namespace guestdump::vmcore
