// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>

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
        const std::lock_guard lock(mutex_);
        if (!ready || !count) {
            fail(ready ? count.error() : ready.error());
            return;
        }
        for (const MemoryFault& fault : std::span(faults).first(*count)) serve(fault);
        retry_waiting();
    }
}

void LiveMemory::serve(const MemoryFault& fault) {
    const auto region = std::ranges::find_if(
        regions_, [&](const LiveRegion& one) { return one.contains(fault.address); });
    if (region == regions_.end()) return;
    const Waiting access{.region = static_cast<size_t>(region - regions_.begin()),
                         .page = region->page_of(fault.address),
                         .missing = fault.missing,
                         .write = fault.write};
    if (phase_ == Phase::arming) {
        region->note_written(access.page);
        return let_through(access);
    }
    if (phase_ == Phase::ended) return let_through(access);
    ++write_faults_;
    if (try_serve(access)) return;
    if (pool_.full()) ++pool_waits_;
    if (std::ranges::find(waiting_, access) == waiting_.end()) waiting_.push_back(access);
}

/// Serves @access. Returns false if the access has to wait.
bool LiveMemory::try_serve(const Waiting& access) {
    LiveRegion& region = regions_[access.region];
    if (access.missing) {
        const uint32_t state = region.state(access.page);
        if (state == LiveRegion::kReading) return false;
        if (state == LiveRegion::kPending) region.set_state(access.page, LiveRegion::kAsideZero);
    } else if (!set_aside(region, region.unit_of(access.page))) {
        return false;
    }
    let_through(access);
    return true;
}

void LiveMemory::let_through(const Waiting& access) {
    const LiveRegion& region = regions_[access.region];
    const Result<> done =
        access.missing ? userfault_.fill(region.bytes({access.page, access.page + 1}), access.write)
                       : userfault_.release(region.bytes(region.unit_of(access.page)));
    // Errors are expected once the dump has ended, because the memory may no longer be watched.
    if (!done && phase_ != Phase::ended) fail(done.error());
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

void LiveMemory::retry_waiting() {
    if (phase_ == Phase::ended) {
        for (const Waiting& access : waiting_) let_through(access);
        waiting_.clear();
        return;
    }
    std::erase_if(waiting_, [this](const Waiting& access) { return try_serve(access); });
}

}  // namespace guestdump::vm
