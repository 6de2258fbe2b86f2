// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace guestdump::util {

/// CRC-32 of @parts, concatenated, as in zip and PNG (0xedb88320, reflected; initial value and
/// final XOR are all ones). Any thread.
uint32_t crc32(std::initializer_list<std::span<const std::byte>> parts);

}  // namespace guestdump::util
