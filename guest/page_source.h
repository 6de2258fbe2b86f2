// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/memory_map.h"

namespace guestdump::guest {

/// Where page contents come from. Today there is one kind, RamSource; a copy-on-write view of a
/// guest that runs on is to be another. Any thread, several at once.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// Copies guest-physical bytes, with zeros for those that are in no block.
    virtual Result<> read(Gpa from, std::span<std::byte> out) const = 0;

    /// What is known of [@from, @from + @limit) without reading it: how far it goes on as it
    /// begins. Unpopulated bytes are zero and should not be read. @limit is at least 1.
    virtual RamExtent extent(Gpa from, uint64_t limit) const = 0;
};

/// The memory of a guest that stands still. The list must outlive it.
class RamSource final : public PageSource {
  public:
    explicit RamSource(const GuestPhysBlockList& blocks) : blocks_(blocks) {}

    Result<> read(Gpa from, std::span<std::byte> out) const override;
    RamExtent extent(Gpa from, uint64_t limit) const override;

  private:
    const GuestPhysBlockList& blocks_;
};

}  // namespace guestdump::guest
