// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// Meaning of an input of the fw_cfg fuzz target: steps, each a byte whose remainder selects the
/// step, followed by operands.

namespace guestdump::fuzz {

inline constexpr size_t kFwCfgRam = 0x10000;
inline constexpr uint64_t kFwCfgRom = 0xffff0000;

enum FwCfgStep : uint8_t {
    kSelect,   ///< selects an item: 2 bytes
    kRead,     ///< reads a byte of the item
    kDmaHigh,  ///< 4 bytes
    kDmaLow,   ///< 4 bytes; starts the transfer
    kStore,    ///< an offset of 2 bytes, an unused byte, and then as many bytes as the quotient
    kAnyPort,  ///< a port of 2 bytes, and bytes to write to it
    kReset,
    kFwCfgSteps
};

}  // namespace guestdump::fuzz
