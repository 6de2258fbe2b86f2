// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "vm/memory/live_memory.h"

/// The functions by which a live dump reads memory. None of them touches guest memory while it
/// holds the lock.

namespace guestdump::vm {
namespace {

constexpr uint64_t kPage = LiveRegion::kPage;

Error let_go_error(const LiveRegion& region, uint64_t page) {
    return Error::make("page 0x%" PRIx64 " of guest memory '%s' is read after it was let go", page,
                       std::string(region.ram().name()).c_str());
}

/// Copies memory without touching unpopulated anonymous pages; see docs/live.md, invariant 5.
Result<> copy_populated(const LiveRegion& region, uint64_t offset, std::span<std::byte> out) {
    const PageRun pages{offset / kPage, (offset + out.size() + kPage - 1) / kPage};
    if (!region.faults_when_missing() || region.is_full(pages))
        return region.ram().read(offset, out);
    while (!out.empty()) {
        const guest::RamExtent extent = region.ram().extent(offset, offset + out.size());
        const auto part = out.first(extent.length);
        if (extent.populated) {
            TRY(region.ram().read(offset, part));
        } else {
            std::ranges::fill(part, std::byte{0});
        }
        offset += extent.length;
        out = out.subspan(extent.length);
    }
    return {};
}

/// Copies the pages of @run in the state reading, and zeros for those known to be zero. No other
/// thread changes the states of these pages, so no lock is needed. begin_pages() has found that all
/// pages in the state reading are populated: to ask again costs as much as the copying.
Result<> copy_claimed(const LiveRegion& region, PageRun run, std::span<std::byte> out) {
    for (uint64_t page = run.first; page < run.end;) {
        const uint32_t state = region.state(page);
        uint64_t end = page + 1;
        while (end < run.end && region.state(end) == state) ++end;
        const uint64_t at = (page - run.first) * kPage;
        const auto part = out.subspan(at, std::min((end - page) * kPage, out.size() - at));
        if (state == LiveRegion::kReading) TRY(region.ram().read(page * kPage, part));
        if (state == LiveRegion::kAsideZero) std::ranges::fill(part, std::byte{0});
        page = end;
    }
    return {};
}

}  // namespace

Result<> LiveMemory::read(size_t index, uint64_t offset, std::span<std::byte> out) {
    LiveRegion& region = regions_[index];
    const uint64_t size = region.ram().size();
    if (out.empty() || offset > size || out.size() > size - offset)
        return region.ram().read(offset, out);  // returns the error, or reads nothing
    bool once = false;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::ended) return *error_;
        once = phase_ == Phase::pages && !region.aliased();
    }
    const uint64_t end = offset + out.size();
    const PageRun whole{(offset + kPage - 1) / kPage,
                        end == size ? (end + kPage - 1) / kPage : end / kPage};
    if (!once || whole.first >= whole.end) return peek(region, offset, out);
    const uint64_t head = whole.first * kPage - offset;
    const uint64_t body = std::min(whole.end * kPage, end) - whole.first * kPage;
    if (head > 0) TRY(peek(region, offset, out.first(head)));
    TRY(take_pages(region, whole, out.subspan(head, body)));
    const auto tail = out.subspan(head + body);
    return tail.empty() ? Result<>() : peek(region, whole.end * kPage, tail);
}

/// Reads the pages without releasing them. If a page was set aside meanwhile, its copy may be torn,
/// and is replaced by the bytes in the pool.
Result<> LiveMemory::peek(LiveRegion& region, uint64_t offset, std::span<std::byte> out) {
    TRY(copy_populated(region, offset, out));
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::ended) return *error_;
    while (!out.empty()) {
        const uint64_t page = offset / kPage, within = offset % kPage;
        const auto part = out.first(std::min<uint64_t>(kPage - within, out.size()));
        const uint32_t state = region.state(page);
        if (state == LiveRegion::kSaved) return let_go_error(region, page);
        if (state == LiveRegion::kAsideZero) {
            std::ranges::fill(part, std::byte{0});
        } else if (state >= LiveRegion::kFirstSlot) {
            const auto kept =
                pool_.bytes(state - LiveRegion::kFirstSlot).subspan(within, part.size());
            std::ranges::copy(kept, part.begin());
        }
        offset += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

/// Reads @run for the last time. The last page of @out may be shorter than a page.
Result<> LiveMemory::take_pages(LiveRegion& region, PageRun run, std::span<std::byte> out) {
    const auto copies = TRY(claim(region, run));
    const Result<> copied = copy_claimed(region, run, out);
    for (const auto& [page, bytes] : copies) {
        const uint64_t at = (page - run.first) * kPage;
        std::memcpy(out.data() + at, bytes.data(),
                    std::min<uint64_t>(bytes.size(), out.size() - at));
    }
    // Done after an error too, because a writer may wait for these pages.
    const Result<> saved = save(region, run);
    return copied ? saved : copied;
}

/// Sets the pending pages of @run to reading. Returns the pages of @run that are in the pool, with
/// their bytes.
Result<std::vector<LiveMemory::Copy>> LiveMemory::claim(LiveRegion& region, PageRun run) {
    std::vector<Copy> copies;
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::ended) return *error_;
    for (uint64_t page = run.first; page < run.end; ++page) {
        const uint32_t state = region.state(page);
        if (state == LiveRegion::kSaved || state == LiveRegion::kReading)
            return let_go_error(region, page);
        if (state == LiveRegion::kPending) region.set_state(page, LiveRegion::kReading);
        if (state >= LiveRegion::kFirstSlot)
            copies.push_back({page, pool_.bytes(state - LiveRegion::kFirstSlot)});
    }
    return copies;
}

/// Errors: the dump has failed or ended, so a page of @run may have changed while it was copied.
Result<> LiveMemory::save(LiveRegion& region, PageRun run) {
    std::vector<PageRun> done;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::ended) return *error_;
        for (uint64_t page = run.first; page < run.end; ++page) {
            const uint32_t state = region.state(page);
            if (state >= LiveRegion::kFirstSlot) pool_.give_back(state - LiveRegion::kFirstSlot);
            region.set_state(page, LiveRegion::kSaved);
            const PageRun block = region.block_of(page);
            if (page + 1 == std::min(block.end, run.end) && region.block_is_done(page))
                done.push_back(block);
        }
        if (!waiting_.empty()) wakeup_.raise();
    }
    release_done(region, done);
    return {};
}

void LiveMemory::release_done(const LiveRegion& region, const std::vector<PageRun>& blocks) {
    for (size_t i = 0; i < blocks.size();) {
        PageRun run = blocks[i++];
        for (; i < blocks.size() && blocks[i].first == run.end; ++i) run.end = blocks[i].end;
        // An error is ignored: the next write to the range faults, and the fault thread reports it.
        (void)userfault_.release(region.bytes(run));
    }
}

Result<> LiveMemory::begin_pages(const std::vector<std::vector<PageRun>>& needed) {
    for (size_t index = 0; index < regions_.size(); ++index) {
        LiveRegion& region = regions_[index];
        std::vector<PageRun> done;
        for (uint64_t page = 0; page < region.pages();) {
            const PageRun block = region.block_of(page);
            drop_unneeded(region, block, needed[index], done);
            page = block.end;
        }
        release_done(region, done);
    }
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::ended) return *error_;
    phase_ = Phase::pages;
    if (!waiting_.empty()) wakeup_.raise();
    return {};
}

/// Sets the pages of @block that will not be read, or are known to be zero, to a state that needs
/// no protection. Adds the block to @done if it has no other pages.
void LiveMemory::drop_unneeded(LiveRegion& region, PageRun block, std::span<const PageRun> needed,
                               std::vector<PageRun>& done) {
    auto run = std::ranges::upper_bound(needed, block.first, {}, &PageRun::end);
    for (uint64_t page = block.first; page < block.end;) {
        while (run != needed.end() && run->end <= page) ++run;
        const bool is_needed = run != needed.end() && run->first <= page;
        uint64_t end = run == needed.end() ? block.end : is_needed ? run->end : run->first;
        end = std::min(end, block.end);
        bool zero = false;
        if (is_needed) {
            // A page that is not populated now has not been written since the moment, and is zero.
            const uint64_t zeros = region.unpopulated_pages({page, end});
            zero = zeros > 0;
            end = zero ? page + zeros : region.populated_end({page, end});
        }
        const std::lock_guard lock(mutex_);
        for (; page < end; ++page) {
            const uint32_t state = region.state(page);
            if (zero && state == LiveRegion::kPending)
                region.set_state(page, LiveRegion::kAsideZero);
            if (is_needed || state == LiveRegion::kReading) continue;
            if (state >= LiveRegion::kFirstSlot) pool_.give_back(state - LiveRegion::kFirstSlot);
            region.set_state(page, LiveRegion::kSaved);
        }
    }
    const std::lock_guard lock(mutex_);
    if (region.block_is_done(block.first)) done.push_back(block);
}

}  // namespace guestdump::vm
