// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/live_memory.h"

#include <algorithm>

namespace guestdump::vm {
namespace {

/// Pages that one call protects while the guest runs: 64 MiB take a few milliseconds.
constexpr uint64_t kProtectedAtOnce = (uint64_t{64} << 20) / LiveRegion::kPage;

/// Pages that one call stops watching. The kernel locks all mappings of the process during the
/// call.
constexpr uint64_t kUnwatchedAtOnce = (uint64_t{32} << 20) / LiveRegion::kPage;

/// Rounds end when at most this many pages were written during one. Protecting them while the guest
/// is stopped takes well below a millisecond, and a further round would find as many.
constexpr uint64_t kFewPages = 64;
constexpr int kMostRounds = 8;

/// Calls @step with each piece of @region of at most @at_once pages. Pieces end at huge pages.
template <class Step>
Result<> for_each_piece(const LiveRegion& region, uint64_t at_once, Step step) {
    const PageRun unit = region.unit_of(0);
    const uint64_t size = std::max(at_once, unit.end - unit.first);
    for (uint64_t first = 0; first < region.pages(); first += size) {
        TRY(step(PageRun{first, std::min(first + size, region.pages())}));
    }
    return {};
}

}  // namespace

LiveMemory::LiveMemory(Userfault userfault, util::Wakeup wakeup, std::vector<LiveRegion> regions,
                       uint64_t pool_bytes, util::MappedArray<std::byte> scratch)
    : userfault_(std::move(userfault)),
      wakeup_(std::move(wakeup)),
      regions_(std::move(regions)),
      pool_(pool_bytes),
      scratch_(std::move(scratch)) {}

Result<std::shared_ptr<LiveMemory>> LiveMemory::create(std::vector<Part> parts,
                                                       uint64_t pool_bytes) {
    const bool files =
        std::ranges::any_of(parts, [](const Part& p) { return !p.ram->anonymous(); });
    Userfault userfault = TRY(Userfault::open(files));
    util::Wakeup wakeup = TRY(util::Wakeup::create());
    std::vector<LiveRegion> regions;
    for (Part& part : parts) {
        if (!part.ram->knows_populated()) {
            return Error::make(
                "guest memory '%s' cannot be dumped live: /proc/self/pagemap does "
                "not say which pages are populated",
                std::string(part.ram->name()).c_str());
        }
        LiveRegion region = TRY(LiveRegion::make(std::move(part.ram), part.aliased));
        regions.push_back(std::move(region));
    }
    auto scratch = TRY(util::MappedArray<std::byte>::make(LiveRegion::kPage));
    std::shared_ptr<LiveMemory> memory(new LiveMemory(std::move(userfault), std::move(wakeup),
                                                      std::move(regions), pool_bytes,
                                                      std::move(scratch)));
    // The thread is started first, because accesses wait for it as soon as memory is watched.
    memory->thread_ = TRY(util::Thread::start([self = memory.get()] { self->serve_faults(); }));
    TRY(memory->watch_all());
    return memory;
}

Result<> LiveMemory::watch_all() const {
    for (const LiveRegion& region : regions_) {
        Result<> watched = userfault_.watch(region.bytes(), region.faults_when_missing());
        if (watched) continue;
        return std::move(watched).take_error().while_(
            "guest memory '%s' cannot be write-protected, it must be anonymous or in tmpfs or "
            "hugetlbfs",
            std::string(region.ram().name()).c_str());
    }
    return {};
}

/// Works in pieces. end() calls it while the fault thread still serves, so that a vCPU that needs a
/// page waits for about a millisecond, not until all memory is released.
void LiveMemory::unwatch_all() const {
    for (const LiveRegion& region : regions_) {
        // An error means that the piece is not watched, or that the kernel cannot split a mapping.
        // Closing the descriptor ends all watching that is left.
        (void)for_each_piece(region, kUnwatchedAtOnce, [&](PageRun piece) -> Result<> {
            (void)userfault_.unwatch(region.bytes(piece));
            return {};
        });
    }
}

Result<> LiveMemory::arm(const util::Cancellation& cancellation) {
    for (const LiveRegion& region : regions_) {
        const auto protect = [&](PageRun piece) -> Result<> {
            TRY(cancellation.check());
            return userfault_.protect(region.bytes(piece));
        };
        TRY(for_each_piece(region, kProtectedAtOnce, protect));
    }
    for (int round = 0; round < kMostRounds; ++round) {
        TRY(cancellation.check());
        const uint64_t pages = TRY(protect_written());
        if (pages <= kFewPages) break;
    }
    return check_alive();
}

/// Protects the pages that were written since they were last protected. Returns their number.
Result<uint64_t> LiveMemory::protect_written() {
    uint64_t protected_pages = 0;
    for (LiveRegion& region : regions_) {
        std::vector<PageRun> runs;
        do {
            runs = take_written(region, runs.empty() ? 0 : runs.back().end);
            // Without the lock. A write before this call is part of the moment's memory; a write
            // after it is noted again.
            for (const PageRun& run : runs) {
                TRY(userfault_.protect(region.bytes(run)));
                protected_pages += run.end - run.first;
            }
        } while (!runs.empty());
    }
    return protected_pages;
}

/// Removes some runs of noted pages at or after @from, and returns them; none if there are none.
std::vector<PageRun> LiveMemory::take_written(LiveRegion& region, uint64_t from) {
    constexpr size_t kMostRuns = 1024;
    std::vector<PageRun> runs;
    const std::lock_guard lock(mutex_);
    while (runs.size() < kMostRuns) {
        const PageRun run = region.take_written(from);
        if (run.first == run.end) break;
        runs.push_back(run);
        from = run.end;
    }
    return runs;
}

Result<> LiveMemory::freeze() {
    const std::lock_guard batch(batch_mutex_);
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    for (LiveRegion& region : regions_) {
        for (uint64_t from = 0; from < region.pages();) {
            const PageRun run = region.take_written(from);
            if (run.first == run.end) break;
            TRY(userfault_.protect(region.bytes(run)));
            from = run.end;
        }
    }
    phase_ = Phase::frozen;
    return {};
}

Result<> LiveMemory::check_alive() const {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    return {};
}

/// Makes the dump fail, and releases all memory so that the guest can go on. The caller holds the
/// lock.
void LiveMemory::fail(Error error) {
    if (!error_) error_ = std::move(error);
    phase_ = Phase::ended;
    unwatch_all();
}

void LiveMemory::end() {
    const std::lock_guard once(end_mutex_);
    if (stopping_) return;
    {
        const std::lock_guard lock(mutex_);
        phase_ = Phase::ended;
        if (!error_) error_ = Error::make("the dump no longer holds the guest's memory");
    }
    unwatch_all();
    stopping_ = true;
    wakeup_.raise();
    thread_.join();
    const std::lock_guard lock(mutex_);
    pool_ = PagePool(0);
}

guest::LiveStatistics LiveMemory::statistics() const {
    return {
        .write_faults = write_faults_, .pages_copied = pages_copied_, .pool_waits = pool_waits_};
}

LiveMemory::Hurry::Hurry(std::shared_ptr<LiveMemory> memory) : memory_(std::move(memory)) {
    if (!memory_) return;
    ++memory_->hurries_;
    memory_->wakeup_.raise();
}

LiveMemory::Hurry::~Hurry() {
    if (memory_) --memory_->hurries_;
}

}  // namespace guestdump::vm
