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
#include "util/cancellation.h"
#include "util/mapped_vector.h"

namespace guestdump::guest {

/// A piece of guest-physical memory and what backs it. Holding the block keeps the region alive, so
/// that unplugging memory cannot free it under a dump.
struct GuestPhysBlock {
    GpaRange range;
    std::shared_ptr<const RamRegion> region;
    uint64_t offset = 0;  ///< of range.start in the region, bytes

    /// The block's part inside @other, if any.
    std::optional<GuestPhysBlock> clip(const GpaRange& other) const;
};

/// The guest's memory: blocks sorted by guest-physical address, disjoint.
///
/// Immutable once built, and then usable from any thread.
class GuestPhysBlockList {
  public:
    /// Adds a block; one that continues its neighbour in address, region and offset is merged with
    /// it. Blocks of different regions never merge: they may go away separately.
    ///
    /// Errors: it overlaps a block, or does not lie inside its region.
    Result<> add(GuestPhysBlock block);

    /// Adds @block, which begins after the end of all blocks and lies inside its region, without
    /// merging it.
    void append(GuestPhysBlock block) { blocks_.push_back(std::move(block)); }

    /// The list that remains inside @only.
    GuestPhysBlockList clip(const GpaRange& only) const;

    /// Copies guest-physical bytes; they may cross blocks. Errors: some of them are in no block.
    Result<> read(Gpa from, std::span<std::byte> out) const;

    /// As read(), with zeros for what is in no block: how pages that RAM fills only partly are
    /// read.
    Result<> read_padded(Gpa from, std::span<std::byte> out) const;

    /// The block that holds @gpa, or nullptr.
    const GuestPhysBlock* find(Gpa gpa) const;

    /// The block that holds @gpa or else the next one behind it, or nullptr.
    const GuestPhysBlock* find_from(Gpa gpa) const;

    std::span<const GuestPhysBlock> view() const { return blocks_; }
    bool empty() const { return blocks_.empty(); }
    uint64_t total_bytes() const;
    /// The last byte of the last block. The list must not be empty.
    Gpa last() const;

  private:
    std::vector<GuestPhysBlock> blocks_;
};

/// Bytes [virt, virt + length) are mapped onto [phys, phys + length).
struct MemoryMapping {
    Gpa phys;
    Gva virt;
    uint64_t length = 0;

    bool operator==(const MemoryMapping&) const = default;
};

/// More mappings were wanted than @cap.
Error too_many(size_t cap);

using MemoryMappings = util::MappedVector<MemoryMapping>;

/// Virtual to physical mappings, in the order of virtual addresses.
///
/// Built by page walks, which mostly visit virtual addresses in ascending order: a mapping that
/// continues the one before it in both spaces is joined to it at once, so that the list stays as
/// short as the address space is simple. The number of mappings is capped, because the guest writes
/// the tables.
class MemoryMappingList {
  public:
    /// What a dump's program headers can reasonably carry; 2^22 mappings are 96 MiB here.
    static constexpr size_t kDefaultCap = size_t{1} << 22;

    explicit MemoryMappingList(size_t cap = kDefaultCap) : cap_(cap) {}

    /// Adds a mapping that does not wrap in either space; length 0 is ignored. Errors: the cap is
    /// passed; the host has no memory to give.
    Result<> add(const MemoryMapping& mapping);

    /// Adds the mappings of @other; what is in both is held once. Both lists must be sorted as
    /// normalize() does it, and then this one is so again, but what only overlaps is not joined.
    /// Errors: as of add(); nothing is added then.
    Result<> merge(MemoryMappingList other);

    /// Joins what touches or overlaps in both spaces in the same way, so that nothing is said
    /// twice, and sorts by virtual, then physical address. Millions of mappings take seconds.
    /// Errors: cancellation; the list is of no use then.
    Result<> normalize(const util::Cancellation& cancellation);

    std::span<const MemoryMapping> view() const { return mappings_.view(); }
    size_t cap() const { return cap_; }

  private:
    MemoryMappings mappings_;
    size_t cap_;
};

}  // namespace guestdump::guest
