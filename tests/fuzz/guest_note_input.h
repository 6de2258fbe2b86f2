// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

/// Meaning of an input of the guest note's fuzz target: the note's length in two bytes, the note,
/// and memory from address 0 on, as far as the input reaches.

namespace guestdump::fuzz {

/// As a length: the guest has handed over no note, and its memory is searched.
inline constexpr uint16_t kNoNote = 0xffff;

inline constexpr size_t kRam = 0x8000;

/// Virtual and physical address of the first handler of every vCPU, in a kernel at 0x3000.
inline constexpr uint64_t kHandler = 0xffffffff81003500, kHandlerAt = 0x3500;

}  // namespace guestdump::fuzz
