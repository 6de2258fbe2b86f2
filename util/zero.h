// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

namespace guestdump::util {

/// True if every byte is zero, and for no bytes at all. Stops after the first 64 bytes that are not
/// all zero.
bool all_zero(std::span<const std::byte> bytes);

}  // namespace guestdump::util
