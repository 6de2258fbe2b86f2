// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// What the bytes of an input of fw_cfg's fuzz target mean: steps, each a byte that says which by
/// its remainder, and operands.

namespace guestdump::fuzz {

inline constexpr size_t kFwCfgRam = 0x10000;
inline constexpr uint64_t kFwCfgRom = 0xffff0000;

enum FwCfgStep : uint8_t {
    kSelect,   ///< an item, of 2 bytes
    kRead,     ///< a byte of it
    kDmaHigh,  ///< 4 bytes
    kDmaLow,   ///< 4 bytes; the transfer happens
    kStore,  ///< an offset of 2 bytes and one that is not looked at; as many bytes as the quotient
    kAnyPort,  ///< a port of 2 bytes, and some to write to it
    kReset,
    kFwCfgSteps
};

}  // namespace guestdump::fuzz
