// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "util/mapped_array.h"

namespace guestdump::vm {

/// Room for copies of pages of 4 KiB, in slots. Memory is allocated when it is first needed, and
/// kept. One thread at a time; but the bytes() of a taken slot do not move, and any thread may use
/// them.
class PagePool {
  public:
    static constexpr uint64_t kPage = 4096;

    /// @bytes: limit on the memory that take() gives out, rounded down to pages, but at least one
    /// page.
    explicit PagePool(uint64_t bytes);

    /// Takes a free slot. Empty if the pool is full and @beyond is false; with @beyond the limit is
    /// exceeded. Errors: the host has no memory to give; 2^31 slots are taken.
    util::Result<std::optional<uint32_t>> take(bool beyond);

    /// Makes @slot, which was taken, free.
    void give_back(uint32_t slot) { free_.push_back(slot); }

    /// True if take(false) would return no slot.
    bool full() const { return used() >= limit_; }

    /// The 4096 bytes of @slot, which was taken.
    std::span<std::byte> bytes(uint32_t slot);

  private:
    static constexpr uint64_t kChunkPages = 256;

    uint64_t used() const { return made_ - free_.size(); }

    uint64_t limit_;     ///< limit on slots in use
    uint64_t made_ = 0;  ///< number of slots that have been taken at least once
    std::vector<util::MappedArray<std::byte>> chunks_;
    std::vector<uint32_t> free_;
};

}  // namespace guestdump::vm
