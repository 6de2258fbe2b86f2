// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/address.h"
#include "util/cancellation.h"
#include "util/mapped_vector.h"

namespace guestdump::guest {

/// Bytes [virt, virt + length) are mapped onto [phys, phys + length).
struct MemoryMapping {
    Gpa phys;
    Gva virt;
    uint64_t length = 0;

    bool operator==(const MemoryMapping&) const = default;
};

/// The error for more than @cap mappings.
Error too_many(size_t cap);

using MemoryMappings = util::MappedVector<MemoryMapping>;

/// Virtual to physical mappings, in the order of virtual addresses.
///
/// Built by page walks, which mostly visit ascending virtual addresses: a mapping that continues
/// the previous one in both spaces is joined to it at once, so that a simple address space makes a
/// short list. The number of mappings is capped, because the guest writes the tables.
class MemoryMappingList {
  public:
    /// A reasonable maximum for the number of program headers; 2^22 mappings take 96 MiB here.
    static constexpr size_t kDefaultCap = size_t{1} << 22;

    explicit MemoryMappingList(size_t cap = kDefaultCap) : cap_(cap) {}

    /// Adds a mapping that does not wrap in either space; length 0 is ignored. Errors: the cap is
    /// exceeded; out of memory.
    Result<> add(const MemoryMapping& mapping);

    /// Adds the mappings of @other; a mapping in both lists is kept once. Both lists must be sorted
    /// as by normalize(). The result is sorted too, but overlapping mappings are not joined.
    /// Errors: those of add(); nothing is added then.
    Result<> merge(MemoryMappingList other);

    /// Sorts by virtual, then physical address, and joins mappings that touch or overlap and have
    /// the same distance between virtual and physical addresses. Millions of mappings take seconds.
    /// Errors: cancellation; the list is unusable then.
    Result<> normalize(const util::Cancellation& cancellation);

    std::span<const MemoryMapping> view() const { return mappings_.view(); }
    size_t cap() const { return cap_; }

  private:
    MemoryMappings mappings_;
    size_t cap_;
};

}  // namespace guestdump::guest
