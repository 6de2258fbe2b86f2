// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestdump::dump {

/// A hash of @page, whose size is a multiple of 64: fast and well mixed, the same on every host of
/// one byte order, and no defence against a guest that makes collisions. Whoever uses it compares
/// contents too.
uint64_t hash_page(std::span<const std::byte> page);

}  // namespace guestdump::dump
