// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>

#include "guest/ram_region.h"

namespace guestdump::guest {

/// Memory that is known to be zero and takes no space. Offsets are guest-physical addresses.
class ZeroRegion final : public RamRegion {
  public:
    std::string_view name() const override { return "zeros"; }
    uint64_t size() const override { return UINT64_MAX; }
    util::Result<> read(uint64_t, std::span<std::byte> out) const override {
        std::fill(out.begin(), out.end(), std::byte{0});
        return {};
    }
    RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return RamExtent{.length = limit - offset, .populated = false};
    }
};

}  // namespace guestdump::guest
