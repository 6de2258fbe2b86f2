// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zero_pages.h"

#include <algorithm>
#include <array>
#include <vector>

#include "util/mapped_array.h"
#include "util/ordered_stages.h"
#include "util/zero.h"

namespace guestdump::dump {
namespace {

/// Pages that one job looks at: one word of marks.
constexpr uint64_t kPagesAtOnce = 64;

/// More threads read no faster.
constexpr unsigned kMostThreads = 64;

/// Consecutive pages, and which of them are zero.
struct Batch {
    guest::PfnRun pages;
    bool populated = false;  ///< false: any number of zero pages
    uint64_t zero = 0;       ///< a bit for each page, if populated
    util::MappedArray<std::byte> buffer;
};

class ZeroSearch {
  public:
    ZeroSearch(const guest::PageSet& pages, uint32_t page_size, const guest::PageSource& memory)
        : pages_(pages), page_size_(page_size), memory_(memory) {}

    Result<guest::PageSet> run(unsigned threads, const util::Cancellation& cancellation) {
        threads = std::min(threads, kMostThreads);
        std::vector<Batch> batches(size_t{threads} * 2);
        for (Batch& batch : batches) {
            batch.buffer =
                TRY(util::MappedArray<std::byte>::make(size_t{kPagesAtOnce} * page_size_));
        }
        guest::PageSet filled = TRY(pages_.copy());
        util::StagePlan plan;
        plan.begin_job = [&](size_t slot) -> Result<bool> {
            TRY(cancellation.check());
            return next(batches[slot]);
        };
        plan.stages = {
            {util::Stage::Order::parallel, [&](size_t slot) { return look_at(batches[slot]); }},
            {util::Stage::Order::in_order,
             [&](size_t slot) { return remove_zero(batches[slot], filled); }}};
        TRY(util::run_stages(threads, batches.size(), plan));
        return filled;
    }

  private:
    /// Returns false at the end.
    bool next(Batch& batch) {
        const auto run = pages_.next_run(at_);
        if (!run) return false;
        const uint64_t size = (run->end - run->first) * page_size_;
        const guest::RamExtent extent = memory_.extent(guest::Gpa{run->first * page_size_}, size);
        const uint64_t whole = std::min(extent.length, size) / page_size_;
        // Part of a page cannot be skipped.
        batch.populated = extent.populated || whole == 0;
        const uint64_t most = batch.populated ? kPagesAtOnce : whole;
        batch.pages = {run->first, run->first + std::clamp<uint64_t>(whole, 1, most)};
        at_ = batch.pages.end;
        return true;
    }

    Result<> look_at(Batch& batch) const {
        if (!batch.populated) return {};
        const uint64_t count = batch.pages.end - batch.pages.first;
        const auto bytes = std::span(batch.buffer).first(count * page_size_);
        TRY(memory_.read_padded(guest::Gpa{batch.pages.first * page_size_}, bytes));
        batch.zero = 0;
        for (uint64_t i = 0; i < count; ++i) {
            if (util::all_zero(bytes.subspan(i * page_size_, page_size_)))
                batch.zero |= uint64_t{1} << i;
        }
        return {};
    }

    static Result<> remove_zero(const Batch& batch, guest::PageSet& filled) {
        if (!batch.populated) return filled.remove(batch.pages);
        return filled.remove(batch.pages.first, std::span(&batch.zero, 1));
    }

    const guest::PageSet& pages_;
    const uint32_t page_size_;
    const guest::PageSource& memory_;
    uint64_t at_ = 0;  ///< pages below are done
};

}  // namespace

Result<guest::PageSet> filled_pages(const guest::PageSet& pages, uint32_t page_size,
                                    unsigned threads, const guest::PageSource& memory,
                                    const util::Cancellation& cancellation) {
    return ZeroSearch(pages, page_size, memory).run(threads, cancellation);
}

}  // namespace guestdump::dump
