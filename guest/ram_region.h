// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "util/result.h"

namespace guestdump::guest {

/// A run of bytes of a region that are all of one kind.
struct RamExtent {
    uint64_t length = 0;     ///< bytes, at least 1
    bool populated = false;  ///< false: never written, all zero, and best left unread
};

/// One piece of guest RAM or ROM with its contents: mapped memory, a part of a vmcore, later
/// another process's memory. Addresses inside are offsets, in bytes from 0; where the guest sees
/// them is the business of GuestPhysBlock.
///
/// All functions may be called from any thread, several at once.
class RamRegion {
  public:
    virtual ~RamRegion() = default;

    /// For people, as in `info mtree`: "pc.ram".
    virtual std::string_view name() const = 0;

    virtual uint64_t size() const = 0;

    /// Copies [@offset, @offset + out.size()) to @out. Copies, because a device may write while one
    /// looks.
    ///
    /// Errors: the bytes lie outside the region, or its backend cannot give them.
    virtual util::Result<> read(uint64_t offset, std::span<std::byte> out) const = 0;

    /// The first byte in this process, for other processes that read it; nullptr where the region
    /// is not mapped as a whole. Who reads it here uses read(): a mapped file may have been cut.
    virtual const std::byte* mapped() const { return nullptr; }

    /// What lies at @offset, and how far it goes on so; looks no further than @limit > @offset.
    ///
    /// Must not populate anything. A region that cannot tell says populated.
    virtual RamExtent extent(uint64_t offset, uint64_t limit) const {
        return RamExtent{.length = limit - offset, .populated = true};
    }
};

}  // namespace guestdump::guest
