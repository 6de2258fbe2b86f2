// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "guest/address.h"
#include "guest/ram_region.h"

namespace guestdump::guest {

/// A piece of guest-physical memory and the region that backs it. The block keeps the region alive,
/// so that unplugging memory during a dump cannot free it.
struct GuestPhysBlock {
    GpaRange range;
    std::shared_ptr<const RamRegion> region;
    uint64_t offset = 0;  ///< offset of range.start in the region, bytes

    /// The block's part inside @other, if any.
    std::optional<GuestPhysBlock> clip(const GpaRange& other) const;
};

/// The guest's memory: blocks sorted by guest-physical address, disjoint.
///
/// Immutable once built, and then usable from any thread.
class GuestPhysBlockList {
  public:
    /// Adds a block. A block that continues its neighbour in address, region and offset is merged
    /// with it. Blocks of different regions are never merged, because they may be unplugged
    /// separately.
    ///
    /// Errors: it overlaps a block, or does not lie inside its region.
    Result<> add(GuestPhysBlock block);

    /// Adds @block, which begins after the end of all blocks and lies inside its region, without
    /// merging it.
    void append(GuestPhysBlock block) { blocks_.push_back(std::move(block)); }

    /// The parts of the list inside @only.
    GuestPhysBlockList clip(const GpaRange& only) const;

    /// Copies guest-physical bytes; they may cross blocks. Errors: some of them are in no block.
    Result<> read(Gpa from, std::span<std::byte> out) const;

    /// As read(), but bytes in no block read as zeros. For pages that are only partly RAM.
    Result<> read_padded(Gpa from, std::span<std::byte> out) const;

    /// The block that contains @gpa, or nullptr.
    const GuestPhysBlock* find(Gpa gpa) const;

    /// The block that contains @gpa, or else the next one after it, or nullptr.
    const GuestPhysBlock* find_from(Gpa gpa) const;

    std::span<const GuestPhysBlock> view() const { return blocks_; }
    bool empty() const { return blocks_.empty(); }
    uint64_t total_bytes() const;
    /// The last byte of the last block. The list must not be empty.
    Gpa last() const;

  private:
    std::vector<GuestPhysBlock> blocks_;
};

}  // namespace guestdump::guest
