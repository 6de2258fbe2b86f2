// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/page_filter.h"

#include <array>
#include <bit>

#include "dump/zero_pages.h"
#include "format/filter_note.h"
#include "format/kdump.h"
#include "linux/page_filter.h"
#include "util/text.h"

namespace guestdump::dump {
namespace {

using linux_guest::PageClass;

/// Classes in the order of format::FilterNote, in which zero pages come last.
constexpr std::array kNoted = {PageClass::free,          PageClass::unaccepted, PageClass::cache,
                               PageClass::cache_private, PageClass::user,       PageClass::hwpoison,
                               PageClass::offline};
constexpr size_t kNotedZero = kNoted.size();
static_assert(sizeof(format::FilterNote::pages) / sizeof(uint64_t) == kNotedZero + 1);

/// Limit on the gaps that a filter makes in an ELF file, because readers search program headers
/// linearly.
constexpr uint64_t kMostGaps = uint64_t{1} << 14;

/// Runs of zero pages shorter than this stay in ELF files, as holes. [makedumpfile, PFN_EXCLUDED]
constexpr uint64_t kFewestZeroPages = 256;

/// Calls @visit with each run of pages that are in @all but not in @kept.
template <class Visit>
Result<> for_each_gap(const guest::PageSet& all, const guest::PageSet& kept, Visit visit) {
    for (auto run = all.next_run(0); run; run = all.next_run(run->end)) {
        for (uint64_t at = run->first; at < run->end;) {
            const auto next = kept.next_run(at);
            const uint64_t end = next ? std::min(next->first, run->end) : run->end;
            if (at < end) TRY(visit(guest::PfnRun{at, end}));
            at = next ? std::min(next->end, run->end) : run->end;
        }
    }
    return {};
}

/// The smallest length of gaps, in pages, that makes at most kMostGaps gaps in an ELF file. Shorter
/// gaps are not left out.
uint64_t fewest_pages(const guest::PageSet& all, const guest::PageSet& kept) {
    std::array<uint64_t, 65> counts{};  // gaps by the number of bits of their length
    (void)for_each_gap(all, kept, [&](guest::PfnRun gap) -> Result<> {
        ++counts[static_cast<size_t>(std::bit_width(gap.end - gap.first))];
        return {};
    });
    uint64_t sum = 0;
    for (size_t bits = counts.size() - 1; bits > 0; --bits) {
        sum += counts[bits];
        if (sum > kMostGaps) return uint64_t{1} << bits;
    }
    return 1;
}

/// @all without those gaps of @kept that have at least @fewest pages.
Result<guest::PageSet> without_gaps(const guest::PageSet& all, const guest::PageSet& kept,
                                    uint64_t fewest) {
    guest::PageSet result = TRY(all.copy());
    TRY(for_each_gap(all, kept, [&](guest::PfnRun gap) -> Result<> {
        return gap.end - gap.first >= fewest ? result.remove(gap) : Result<>();
    }));
    return result;
}

class Filter {
  public:
    Filter(const Capture& capture, const Request& request, const util::Cancellation& cancellation,
           const Judged& judged, Snapshot& snapshot)
        : capture_(capture),
          request_(request),
          cancellation_(cancellation),
          judged_(judged),
          snapshot_(snapshot) {}

    Result<> run() {
        linux_guest::Exclusion applied = request_.exclude;
        if (needs_classes()) {
            const bool judged = TRY(leave_out_classes());
            if (!judged) applied = {.zero = applied.zero};
        }
        if (applied.zero && !request_.kdump()) TRY(leave_out_zero_pages());
        note_level(applied);
        return {};
    }

  private:
    /// True if the classes of pages must be found. Pages with memory errors must not be read, so
    /// they are left out even if no class is excluded, if VMCOREINFO has PG_hwpoison.
    bool needs_classes() const {
        const linux_guest::Exclusion& exclude = request_.exclude;
        return exclude.by_class() || (exclude.zero && snapshot_.vmcoreinfo &&
                                      snapshot_.vmcoreinfo->number("PG_hwpoison"));
    }

    /// Leaves out pages by class. Returns false if the classes cannot be found.
    Result<bool> leave_out_classes() {
        if (!snapshot_.vmcoreinfo) {
            warn("there is no VMCOREINFO, by which the guest kernel's memory map could be found");
            return false;
        }
        guest::PageSet kept = TRY(snapshot_.pages.copy());
        const linux_guest::PageFilterReport report =
            TRY(linux_guest::filter_pages({.memory = *snapshot_.memory,
                                           .arch = snapshot_.arch,
                                           .cpus = capture_.cpus,
                                           .vmcoreinfo = *snapshot_.vmcoreinfo,
                                           .left_out = capture_.left_out.ranges,
                                           .vmcoreinfo_at = snapshot_.vmcoreinfo_at,
                                           .running = capture_.running,
                                           .threads = thread_count(request_.threads),
                                           .cancellation = cancellation_,
                                           .progress = pages_judged()},
                                          request_.exclude, kept));
        if (!report.trusted) {
            warn(report.reason);
            return false;
        }
        snapshot_.page_counts = report.counts;
        TRY(take_pages(std::move(kept), report.counts));
        count_left_out(report.counts);
        return true;
    }

    std::function<void(uint64_t, uint64_t)> pages_judged() const {
        if (!judged_) return {};
        return [this](uint64_t done, uint64_t) { judged_(done * snapshot_.arch.page_size); };
    }

    void warn(const std::string& reason) {
        if (!request_.exclude.by_class()) return;  // no class was to be left out
        snapshot_.warnings.push_back("no page is left out by its class: " + reason);
    }

    /// Leaves out all pages that are not in @kept. In ELF files only the longest runs are left out
    /// if there are too many, unless some pages must not be read.
    Result<> take_pages(guest::PageSet kept, const linux_guest::PageCounts& counts) {
        const bool unreadable = counts[PageClass::hwpoison] != 0 || counts[PageClass::offline] != 0;
        if (!request_.kdump() && !unreadable) {
            const uint64_t fewest = fewest_pages(snapshot_.pages, kept);
            if (fewest > 1) kept = TRY(without_gaps(snapshot_.pages, kept, fewest));
        }
        return keep(std::move(kept), snapshot_.left_out);
    }

    /// Reduces the dump to @kept. For ELF files and VirtualBox cores, adds the other pages to
    /// @absent.
    Result<> keep(guest::PageSet kept, guest::RangeList& absent) {
        if (kept.empty()) return Error::make("dump: every page of guest memory is excluded");
        if (!request_.kdump()) {
            const guest::RangeList before = ranges_of(snapshot_.blocks);
            snapshot_.blocks = clip(snapshot_.blocks, kept, snapshot_.arch.page_size);
            guest::RangeList gone = ranges_without(before, ranges_of(snapshot_.blocks));
            gone.insert(gone.end(), absent.begin(), absent.end());
            absent = joined(std::move(gone));
        }
        snapshot_.pages = std::move(kept);
        return {};
    }

    Result<> leave_out_zero_pages() {
        guest::PageSet filled =
            TRY(filled_pages(snapshot_.pages, snapshot_.arch.page_size,
                             thread_count(request_.threads), *snapshot_.memory, cancellation_));
        const uint64_t fewest = std::max(kFewestZeroPages, fewest_pages(snapshot_.pages, filled));
        guest::PageSet kept = TRY(without_gaps(snapshot_.pages, filled, fewest));
        // Readers refuse a file without any memory.
        if (kept.empty()) return {};
        const uint64_t zero = snapshot_.pages.count() - kept.count();
        TRY(keep(std::move(kept), snapshot_.zero));
        if (zero == 0 || request_.only) return {};
        left_out(kNotedZero) += zero;
        return {};
    }

    uint64_t& left_out(size_t kind) {
        snapshot_.left_out_by_class.resize(kNotedZero + 1);
        return snapshot_.left_out_by_class[kind];
    }

    /// Stores the counts in the snapshot, unless only a part of memory is dumped: the counts are
    /// those of all memory.
    void count_left_out(const linux_guest::PageCounts& counts) {
        if (request_.only) return;
        for (size_t i = 0; i < kNoted.size(); ++i) {
            if (counts[kNoted[i]] != 0 && request_.exclude.has(kNoted[i]))
                left_out(i) += counts[kNoted[i]];
        }
    }

    /// Sets the dump level: that of @applied combined with the level of the file that the guest was
    /// read from.
    void note_level(const linux_guest::Exclusion& applied) {
        const uint32_t level = capture_.left_out.level.value_or(0) | applied.level();
        if (level == 0) return;  // there is no level to record
        const bool pages_are_missing = snapshot_.pages.count() < snapshot_.existing.count();
        // With this level readers may take missing pages for zero pages, unless a note has the
        // level.
        const bool misleads = level == format::kDumpLevelExcludeZero && pages_are_missing &&
                              snapshot_.left_out_by_class.empty() && snapshot_.zero.empty();
        snapshot_.dump_level = misleads ? 0 : level;
    }

    const Capture& capture_;
    const Request& request_;
    const util::Cancellation& cancellation_;
    const Judged& judged_;
    Snapshot& snapshot_;
};

}  // namespace

Result<> leave_out_pages(const Capture& capture, const Request& request,
                         const util::Cancellation& cancellation, const Judged& judged,
                         Snapshot& snapshot) {
    if (request.exclude == linux_guest::Exclusion{}) return {};
    if (judged) judged(0);
    return Filter(capture, request, cancellation, judged, snapshot).run();
}

}  // namespace guestdump::dump
