// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/page_filter.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <memory>
#include <vector>

#include "linux/memory_map/kernel_counts.h"
#include "linux/memory_map/landmarks.h"
#include "util/ordered_stages.h"

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kPage = 4096;
/// Tolerated difference between the kernel's count of free pages and ours: pages for each vCPU,
/// because processors keep counts of their own, and a hundredth of the pages, because pages are
/// being allocated and freed.
constexpr uint64_t kFreeSlackPerCpu = 64, kFreeSlackPart = 100;
/// Tolerated number of inconsistent blocks. The allocator may have been interrupted.
constexpr uint64_t kMostRejected = 64;

/// The memory map and its layout, found before any page is judged.
struct MemoryMap {
    guest::PageSet memory;  ///< all pages that exist
    KernelMemory kernel;
    PageLayout layout;
    SectionTable sections;
    std::optional<uint64_t> free_by_kernel;
};

/// The pages of @input.memory and of @input.left_out.
guest::PageSet all_pages(const PageFilterInput& input) {
    if (input.left_out.empty()) return guest::PageSet::of(input.memory.blocks(), kPage);
    std::vector<guest::PfnRun> runs, joined;
    const auto add = [&runs](const guest::GpaRange& range) {
        runs.push_back({range.start.value / kPage, range.last() / kPage + 1});
    };
    for (const guest::GuestPhysBlock& block : input.memory.blocks().view()) add(block.range);
    for (const guest::GpaRange& range : input.left_out) add(range);
    std::sort(runs.begin(), runs.end(), [](const guest::PfnRun& left, const guest::PfnRun& right) {
        return left.first < right.first;
    });
    for (const guest::PfnRun& run : runs) {
        if (!joined.empty() && run.first <= joined.back().end) {
            joined.back().end = std::max(joined.back().end, run.end);
        } else {
            joined.push_back(run);
        }
    }
    return guest::PageSet::of(std::move(joined));
}

Result<MemoryMap> find_memory_map(const PageFilterInput& input) {
    if (input.arch.page_size != kPage) {
        return Error::make("pages have %u bytes, not %" PRIu64, input.arch.page_size, kPage);
    }
    const KernelMemory kernel =
        TRY(KernelMemory::find(input.vmcoreinfo, input.arch, input.cpus, input.memory));
    KernelReader reader(kernel);
    TRY(check_release(input.vmcoreinfo, reader));
    const PageLayout layout = TRY(PageLayout::of(input.vmcoreinfo));
    guest::PageSet memory = all_pages(input);
    const SectionTable sections =
        TRY(SectionTable::find(input.vmcoreinfo, reader, memory, layout.size));
    const auto free_pages = free_pages_by_kernel(input.vmcoreinfo, reader);
    return MemoryMap{std::move(memory), kernel, layout, sections, free_pages};
}

/// Judges the pages of memory, chunk by chunk, on several threads.
class MapScan {
  public:
    MapScan(const PageFilterInput& input, const MemoryMap& map, const PageJudge& judge,
            const ProtectedPages& landmarks)
        : input_(input), map_(map), judge_(judge), landmarks_(landmarks) {}

    /// Removes the pages that are left out from @left, which holds the pages of the dump. Errors:
    /// cancellation; the host has no memory to give.
    Result<> run(guest::PageSet& left) {
        const unsigned threads = useful_threads();
        for (unsigned i = 0; i < threads + 1; ++i) {
            StructPages pages =
                TRY(StructPages::make(map_.kernel, map_.sections, map_.layout.size));
            slots_.push_back(std::make_unique<Slot>(judge_, std::move(pages), map_.memory));
        }
        const util::StagePlan plan{
            .begin_job = [this](size_t slot) -> Result<bool> { return begin(*slots_[slot]); },
            .stages = {{util::Stage::Order::parallel,
                        [this](size_t slot) -> Result<> {
                            Slot& own = *slots_[slot];
                            own.counts =
                                TRY(own.scan.scan(own.chunk, input_.cancellation, own.marks));
                            return {};
                        }},
                       {util::Stage::Order::in_order,
                        [this, &left](size_t slot) { return take(*slots_[slot], left); }}},
        };
        return util::run_stages(threads, slots_.size(), plan);
    }

    const ScanCounts& counts() const { return counts_; }
    const std::optional<ProtectedPages::Hit>& hit() const { return hit_; }

  private:
    struct Slot {
        Slot(const PageJudge& judge, StructPages pages, const guest::PageSet& memory)
            : scan(judge, std::move(pages), memory) {}

        ChunkScan scan;
        uint64_t chunk = 0;
        ChunkScan::Marks marks;
        ScanCounts counts;
    };

    unsigned useful_threads() const {
        const uint64_t chunks = map_.memory.count() / ChunkScan::kPages + 1;
        return static_cast<unsigned>(std::clamp<uint64_t>(input_.threads, 1, chunks));
    }

    bool begin(Slot& slot) {
        const auto run = map_.memory.next_run(next_page_);
        if (!run || over_) return false;
        slot.chunk = run->first / ChunkScan::kPages;
        next_page_ = (slot.chunk + 1) * ChunkScan::kPages;
        return true;
    }

    Result<> take(Slot& slot, guest::PageSet& left) {
        if (!hit_) hit_ = landmarks_.find_marked(slot.chunk, slot.marks, map_.memory);
        landmarks_.unmark(slot.chunk, slot.marks);
        over_ = hit_.has_value();
        counts_ += slot.counts;
        TRY(left.remove(slot.chunk * ChunkScan::kPages, slot.marks));
        if (input_.progress) {
            const uint64_t end = (slot.chunk + 1) * ChunkScan::kPages;
            input_.progress(map_.memory.rank(end), map_.memory.count());
        }
        return {};
    }

    const PageFilterInput& input_;
    const MemoryMap& map_;
    const PageJudge& judge_;
    const ProtectedPages& landmarks_;
    std::vector<std::unique_ptr<Slot>> slots_;
    uint64_t next_page_ = 0;
    ScanCounts counts_;
    std::optional<ProtectedPages::Hit> hit_;
    std::atomic<bool> over_{false};  ///< there was a hit, so no further chunk is judged
};

/// Returns an Error if the result of @scan cannot be correct.
Result<> check(const PageFilterInput& input, const MemoryMap& map, const MapScan& scan) {
    if (const auto& hit = scan.hit()) {
        return Error::make("the guest's memory map would leave out page 0x%" PRIx64
                           ", which has %s",
                           hit->pfn, name_of(hit->reason));
    }
    if (input.running) return {};
    const uint64_t found = scan.counts().classes[PageClass::free];
    if (map.free_by_kernel) {
        const uint64_t wanted = *map.free_by_kernel;
        const uint64_t difference = found > wanted ? found - wanted : wanted - found;
        const uint64_t slack =
            std::max(found, std::min(wanted, map.memory.count())) / kFreeSlackPart +
            kFreeSlackPerCpu * input.cpus.size();
        if (difference > slack) {
            return Error::make("the guest's memory map has %" PRIu64
                               " free pages, but its kernel counts %" PRIu64,
                               found, wanted);
        }
    }
    const uint64_t most = kMostRejected + map.memory.count() / ChunkScan::kPages;
    if (scan.counts().rejected > most) {
        return Error::make("%" PRIu64
                           " blocks of the guest's memory map contradict themselves; %" PRIu64
                           " are tolerated",
                           scan.counts().rejected, most);
    }
    return {};
}

PageFilterReport untrusted(Error error) {
    PageFilterReport report;
    report.reason = error.message();
    return report;
}

PageFilterReport report_of(const MemoryMap& map, const ScanCounts& counts) {
    PageFilterReport report;
    report.trusted = true;
    report.counts = counts.classes;
    report.unmapped = counts.unmapped;
    report.uncovered = counts.uncovered;
    report.rejected = counts.rejected;
    report.free_by_kernel = map.free_by_kernel.value_or(0);
    return report;
}

}  // namespace

Result<PageFilterReport> filter_pages(const PageFilterInput& input, const Exclusion& exclusion,
                                      guest::PageSet& pages) {
    TRY(input.cancellation.check());
    if (!input.arch.is_x86()) return untrusted(Error::make("only the kernels of x86 can be read"));
    Result<MemoryMap> map = find_memory_map(input);
    if (!map) return untrusted(std::move(map).take_error());
    const PageJudge judge(map->layout, exclusion, map->sections.section_order());
    const ProtectedPages protected_pages =
        TRY(landmarks(input, map->kernel, map->sections, map->layout.size, map->memory));
    MapScan scan(input, *map, judge, protected_pages);
    guest::PageSet left = TRY(pages.copy());
    TRY(scan.run(left));
    if (Result<> checked = check(input, *map, scan); !checked)
        return untrusted(std::move(checked).take_error());
    PageFilterReport report = report_of(*map, scan.counts());
    if (!exclusion.by_class() && map->layout.hwpoison == 0) return report;
    report.excluded = pages.count() - left.count();
    pages = std::move(left);
    return report;
}

Result<PageFilterReport> count_pages(const PageFilterInput& input) {
    constexpr Exclusion kAll{.cache = true, .cache_private = true, .user = true, .free = true};
    guest::PageSet none;
    return filter_pages(input, kAll, none);
}

}  // namespace guestdump::linux_guest
