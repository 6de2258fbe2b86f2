// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "util/zero.h"
#include "vm/memory/live_memory.h"

/// The thread that serves accesses to watched memory. It must wait for nothing except accesses; see
/// docs/live.md, invariant 1.

namespace guestdump::vm {

void LiveMemory::serve_faults() {
    std::array<MemoryFault, 64> faults;
    while (!stopping_) {
        const Result<bool> ready = util::wait_for(userfault_.fd(), POLLIN, wakeup_.fd());
        wakeup_.take();
        const Result<size_t> count = userfault_.take(faults);
        if (!ready || !count) {
            const std::lock_guard lock(mutex_);
            return fail(ready ? count.error() : ready.error());
        }
        // The phase does not become frozen while this is held; see docs/live.md, invariant 3.
        const std::lock_guard batch(batch_mutex_);
        const Result<> served = serve(std::span(faults).first(*count));
        const std::lock_guard lock(mutex_);
        // Errors are expected once the dump has ended, because the memory may no longer be watched.
        if (!served && phase_ != Phase::ended) fail(served.error());
    }
}

/// Serves @faults, and accesses that wait.
Result<> LiveMemory::serve(std::span<const MemoryFault> faults) {
    std::vector<Answer> answers;
    bool arming = false;
    {
        const std::lock_guard lock(mutex_);
        arming = phase_ == Phase::arming;
        for (const MemoryFault& fault : faults) serve(fault, answers);
        retry_waiting(answers);
    }
    // Without the lock, for which readers wait: an answer is a system call that may take longer
    // than copying several pages.
    TRY(give(answers));
    if (!arming) return {};
    const std::lock_guard lock(mutex_);
    for (const Answer& answer : answers) regions_[answer.region].note_written(answer.run.first);
    return {};
}

void LiveMemory::serve(const MemoryFault& fault, std::vector<Answer>& answers) {
    const auto region = std::ranges::find_if(
        regions_, [&](const LiveRegion& one) { return one.contains(fault.address); });
    if (region == regions_.end()) return;
    const Waiting access{.region = static_cast<size_t>(region - regions_.begin()),
                         .page = region->page_of(fault.address),
                         .missing = fault.missing,
                         .write = fault.write};
    if (phase_ == Phase::arming || phase_ == Phase::ended)
        return answers.push_back(answer_to(access));
    ++write_faults_;
    if (try_serve(access, answers)) return;
    if (pool_.full()) ++pool_waits_;
    if (std::ranges::find(waiting_, access) == waiting_.end()) waiting_.push_back(access);
}

/// Serves @access. Returns false if the access has to wait.
bool LiveMemory::try_serve(const Waiting& access, std::vector<Answer>& answers) {
    LiveRegion& region = regions_[access.region];
    Answer answer = answer_to(access);
    if (access.missing) {
        const uint32_t state = region.state(access.page);
        if (state == LiveRegion::kReading) return false;
        // A fault may be reported although another one has populated the page meanwhile. Then it is
        // not zero, and its next write reports another fault.
        if (state == LiveRegion::kPending && region.unpopulated_pages(answer.run) > 0)
            region.set_state(access.page, LiveRegion::kAsideZero);
    } else {
        if (!set_aside(region, answer.run)) return false;
        answer.run.end = set_aside_ahead(region, answer.run);
    }
    answers.push_back(answer);
    return true;
}

LiveMemory::Answer LiveMemory::answer_to(const Waiting& access) const {
    const LiveRegion& region = regions_[access.region];
    const PageRun page{access.page, access.page + 1};
    return {.region = access.region,
            .run = access.missing ? page : region.unit_of(access.page),
            .missing = access.missing,
            .write = access.write};
}

/// Lets accesses go on, after the states of their pages have been set. Errors: those of the first
/// system call that failed; the others have been made too.
Result<> LiveMemory::give(std::vector<Answer> answers) const {
    Result<> first_failure;
    std::ranges::sort(answers, {}, [](const Answer& one) {
        return std::tuple(one.region, one.missing, one.run.first);
    });
    for (size_t i = 0; i < answers.size();) {
        Answer answer = answers[i++];
        for (; i < answers.size() && answer.continues_in(answers[i]); ++i)
            answer.run.end = std::max(answer.run.end, answers[i].run.end);
        const auto bytes = regions_[answer.region].bytes(answer.run);
        Result<> done =
            answer.missing ? userfault_.fill(bytes, answer.write) : userfault_.release(bytes);
        if (!done && first_failure) first_failure = std::move(done);
    }
    return first_failure;
}

/// Copies the pending pages of @unit aside. Returns false if the pool is full, or if a page of it
/// is being read.
bool LiveMemory::set_aside(LiveRegion& region, PageRun unit) {
    bool all = true;
    for (uint64_t page = unit.first; page < unit.end; ++page) {
        const uint32_t state = region.state(page);
        if (state == LiveRegion::kReading) all = false;
        if (state != LiveRegion::kPending) continue;
        const Result<bool> copied = copy_aside(region, page);
        if (!copied) {
            fail(copied.error());
            return true;
        }
        if (!*copied) return false;
    }
    return all;
}

/// Copies further pages aside after the page @run, if a writer goes through memory there. Returns
/// the end of the pages that may be released.
uint64_t LiveMemory::set_aside_ahead(LiveRegion& region, PageRun run) {
    if (run.end - run.first > 1) return run.end;  // a huge page is enough
    WriteAhead& writers = region.writers();
    const uint64_t limit =
        std::min(run.first + writers.pages_from(run.first), region.block_of(run.first).end);
    // Only populated pages may be touched; see docs/live.md, invariant 1.
    if (limit > run.end) run.end = std::min(limit, region.populated_end({run.first, limit}));
    const bool copies = region.state(run.first) != LiveRegion::kSaved;
    uint64_t end = run.first + 1;
    for (; end < run.end; ++end) {
        const uint32_t state = region.state(end);
        if (state == LiveRegion::kReading) break;
        if (state != LiveRegion::kPending) continue;
        if (!copies || pool_.full()) break;
        const Result<bool> copied = copy_aside(region, end);
        if (!copied || !*copied) break;  // the page's own fault reports what is wrong
    }
    writers.served(end);
    return end;
}

/// Copies @page aside. Returns false if the pool is full. Errors: the memory cannot be read; the
/// host has no memory to give.
Result<bool> LiveMemory::copy_aside(LiveRegion& region, uint64_t page) {
    const std::span<std::byte> bytes(scratch_);
    const uint64_t offset = page * LiveRegion::kPage;
    // RAM may end inside its last page.
    const uint64_t size =
        std::min(bytes.size(), region.ram().size() - std::min(offset, region.ram().size()));
    std::ranges::fill(bytes.subspan(size), std::byte{0});
    if (size > 0) TRY(region.ram().read(offset, bytes.first(size)));
    if (util::all_zero(bytes)) {
        region.set_state(page, LiveRegion::kAsideZero);
        return true;
    }
    const std::optional<uint32_t> slot = TRY(pool_.take(hurries_ > 0));
    if (!slot) return false;
    std::memcpy(pool_.bytes(*slot).data(), bytes.data(), bytes.size());
    region.set_state(page, LiveRegion::kFirstSlot + *slot);
    ++pages_copied_;
    return true;
}

void LiveMemory::retry_waiting(std::vector<Answer>& answers) {
    if (phase_ == Phase::ended) {
        for (const Waiting& access : waiting_) answers.push_back(answer_to(access));
        waiting_.clear();
        return;
    }
    std::erase_if(waiting_, [&](const Waiting& access) { return try_serve(access, answers); });
}

}  // namespace guestdump::vm
