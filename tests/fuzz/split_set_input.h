// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

namespace guestdump::fuzz {

/// An input of the target split_set: for each file its size, four bytes little-endian, and its
/// bytes. More files than this are ignored.
inline constexpr size_t kMostParts = 4;

}  // namespace guestdump::fuzz
