// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// What the bytes of an input of the guest note's fuzz target mean: the note's length in two bytes,
/// the note, and memory from address 0 on, as much as there is.

namespace guestdump::fuzz {

/// As a length: the guest has handed over none, and its memory is searched.
inline constexpr uint16_t kNoNote = 0xffff;

inline constexpr size_t kRam = 0x8000;

/// The first handler of every vCPU, and where it lies: in a kernel at 0x3000.
inline constexpr uint64_t kHandler = 0xffffffff81003500, kHandlerAt = 0x3500;

}  // namespace guestdump::fuzz
