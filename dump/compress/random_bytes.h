// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

namespace guestdump::dump {

/// Whether the bytes of @page seem drawn by lot, as those of compressed and encrypted data do. For
/// such a page no compressor is worth its time: they take as long to find that out as to compress
/// another.
///
/// Looks at half of 4096 bytes. Of a page that has such bytes twice it knows nothing, and what it
/// says of small pages is always no.
bool looks_random(std::span<const std::byte> page);

}  // namespace guestdump::dump
