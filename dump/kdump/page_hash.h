// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestdump::dump {

/// Hashes @page, whose size is a multiple of 64. Fast and well mixed, and the same on all hosts of
/// one byte order. A guest can create collisions, so callers must compare the contents too.
uint64_t hash_page(std::span<const std::byte> page);

}  // namespace guestdump::dump
