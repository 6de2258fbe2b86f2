// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "util/mapped_array.h"
#include "vm/memory/ram.h"
#include "vm/memory/write_ahead.h"

namespace guestdump::vm {

/// Pages [first, end) of a region, by number.
struct PageRun {
    uint64_t first = 0;
    uint64_t end = 0;
};

/// The states of the pages of a region of RAM during a live dump. docs/live.md describes the
/// states. Calls of functions that are not const must be protected by the caller's lock.
class LiveRegion {
  public:
    static constexpr uint64_t kPage = 4096;

    /// States of a page. A state from kFirstSlot on means that the page is aside, in the pool's
    /// slot number state - kFirstSlot.
    static constexpr uint32_t kPending = 0, kReading = 1, kSaved = 2, kAsideZero = 3,
                              kFirstSlot = 4;

    /// @aliased: the guest sees some page at several addresses, so it may be read several times.
    /// Errors: the host has no memory to give.
    static Result<LiveRegion> make(std::shared_ptr<const Ram> ram, bool aliased);

    const Ram& ram() const { return *ram_; }
    bool aliased() const { return aliased_; }
    /// True if the first access to an unpopulated page faults.
    bool faults_when_missing() const { return ram_->anonymous(); }

    uint64_t pages() const { return states_.size(); }
    /// The whole region, in whole pages of the host.
    std::span<std::byte> bytes() const { return bytes(PageRun{0, pages()}); }
    std::span<std::byte> bytes(PageRun run) const {
        return {ram_->host() + run.first * kPage, (run.end - run.first) * kPage};
    }
    bool contains(const std::byte* address) const {
        return address >= ram_->host() && address < ram_->host() + pages() * kPage;
    }
    uint64_t page_of(const std::byte* address) const {
        return static_cast<uint64_t>(address - ram_->host()) / kPage;
    }

    /// The pages that the host protects together with @page.
    PageRun unit_of(uint64_t page) const { return run_of(page, unit_); }
    /// The pages that are released together when all of them are done: 2 MiB, so that the host need
    /// not split huge pages.
    PageRun block_of(uint64_t page) const { return run_of(page, block_); }

    uint32_t state(uint64_t page) const { return states_[page]; }
    /// True if a page in @state needs no protection.
    static bool is_done(uint32_t state) { return state != kPending && state != kReading; }
    void set_state(uint64_t page, uint32_t state) {
        if (!is_done(states_[page]) && is_done(state)) --left_[page / block_];
        states_[page] = state;
    }
    /// True if every page of the block that contains @page is aside or saved.
    bool block_is_done(uint64_t page) const { return left_[page / block_] == 0; }

    /// End of the pages at the beginning of @run that are at least partly populated. The first page
    /// must be.
    uint64_t populated_end(PageRun run) const;
    /// Number of pages at the beginning of @run that are completely unpopulated.
    uint64_t unpopulated_pages(PageRun run) const;

    /// True if all pages of the blocks that contain @run were populated when the kernel was asked,
    /// which is once for each block. Populated pages stay populated. Any thread, without a lock.
    bool is_full(PageRun run) const;

    /// Those that write to protected pages of this region.
    WriteAhead& writers() { return writers_; }

    /// Notes that the unit that contains @page was written.
    void note_written(uint64_t page);
    /// Removes the first run of noted pages at or after @from, and returns it; it is empty if there
    /// is none.
    PageRun take_written(uint64_t from);

  private:
    LiveRegion(std::shared_ptr<const Ram> ram, bool aliased);

    guest::RamExtent extent_of(PageRun run) const;

    PageRun run_of(uint64_t page, uint64_t size) const {
        const uint64_t first = page / size * size;
        return {first, std::min(first + size, pages())};
    }

    std::shared_ptr<const Ram> ram_;
    bool aliased_;
    uint64_t unit_;                        ///< size of a unit, pages
    uint64_t block_;                       ///< size of a block, pages; a multiple of unit_
    util::MappedArray<uint32_t> states_;   ///< state of each page
    util::MappedArray<uint32_t> left_;     ///< for each block, number of pages that are not done
    util::MappedArray<uint64_t> written_;  ///< one bit for each unit
    WriteAhead writers_{};
    enum class Fullness : uint8_t { unknown, full, partial };
    mutable util::MappedArray<Fullness> fullness_;  ///< of each block; read and set atomically
};

}  // namespace guestdump::vm
