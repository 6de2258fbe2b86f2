// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/stored.h"

/// Meaning of an input of the layout's fuzz target: the request, and then blocks of RAM.

namespace guestdump::fuzz {

/// Unit of addresses and sizes: a block need not begin or end at a page.
inline constexpr uint64_t kGrain = 256;

struct LayoutHeader {
    uint8_t format = 0;   ///< modulo kLayoutFormats: elf, vbox-core, then the kdump formats
    uint8_t traits = 0;   ///< k32Bit and so on; the quotient by kTraits gives the number of vCPUs
    util::le16 begin{};   ///< start of the requested range, in kGrain
    util::le16 length{};  ///< its length, in kGrain; 0: all memory
};
static_assert(sizeof(LayoutHeader) == 6);

inline constexpr unsigned kLayoutFormats = 10;

enum : uint8_t { k32Bit = 1, kShare = 2, kPaging = 4, kTwoThreads = 8, kTraits = 16 };

struct LayoutBlock {
    util::le16 gap{};  ///< after the previous block, in kGrain
    uint8_t size = 0;  ///< in kGrain, less one
    /// 0: zeros, 1: never populated, if they are whole pages, 2: noise, 3: the first block's bytes,
    /// others: that byte
    uint8_t contents = 0;
};
static_assert(sizeof(LayoutBlock) == 4);

}  // namespace guestdump::fuzz
