// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

namespace guestdump::dump {

/// True if the bytes of @page look random, as those of compressed and encrypted data do.
/// Compressing such a page wastes time: finding out that it cannot be compressed takes as long as
/// compressing another page.
///
/// Looks at half of 4096 bytes. Does not notice if a page contains the same random bytes twice.
/// Always false for small pages.
bool looks_random(std::span<const std::byte> page);

}  // namespace guestdump::dump
