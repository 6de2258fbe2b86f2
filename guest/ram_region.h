// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "util/error.h"

namespace guestdump::guest {

/// A run of bytes of a region that are all of one kind.
struct RamExtent {
    uint64_t length = 0;     ///< bytes, at least 1
    bool populated = false;  ///< false: never written, all zero, should not be read
};

/// One piece of guest RAM or ROM with its contents: mapped memory, a part of a vmcore, later
/// another process's memory. Addresses inside are offsets in bytes from 0; GuestPhysBlock has the
/// guest-physical addresses.
///
/// All functions may be called from any thread, several at once.
class RamRegion {
  public:
    virtual ~RamRegion() = default;

    /// Name for people, as in `info mtree`: "pc.ram".
    virtual std::string_view name() const = 0;

    virtual uint64_t size() const = 0;

    /// Copies [@offset, @offset + out.size()) to @out. It copies, because a device may write to the
    /// memory at any time.
    ///
    /// Errors: the bytes lie outside the region, or its backend cannot provide them.
    virtual util::Result<> read(uint64_t offset, std::span<std::byte> out) const = 0;

    /// The first byte in this process, for other processes that read it; nullptr if the region is
    /// not mapped as a whole. Code in this process uses read(), because a mapped file may have been
    /// truncated.
    virtual const std::byte* mapped() const { return nullptr; }

    /// The kind of the byte at @offset, and the length of the run of that kind from there on. Looks
    /// no further than @limit, which is above @offset.
    ///
    /// Must not populate anything. A region that cannot find out returns populated.
    virtual RamExtent extent(uint64_t offset, uint64_t limit) const {
        return RamExtent{.length = limit - offset, .populated = true};
    }
};

}  // namespace guestdump::guest
