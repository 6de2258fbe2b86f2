// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

#include "dump/zstd/huffman.h"

namespace guestdump::dump::zstd {

// The literals section of a block: the bytes that no match gives. [RFC 8878, 3.1.1.3.1]

/// Writes it to @out with @literals as they are. Gives its end.
std::byte* put_raw_literals(std::span<const std::byte> literals, std::byte* out);

/// Writes it to @out with @literals in @code, which it describes; there is room for 16 bits a
/// literal and 256 bytes more. Gives its end, or null where it is no gain: @out then holds
/// anything.
std::byte* put_coded_literals(std::span<const std::byte> literals, const HuffmanCode& code,
                              std::byte* out);

}  // namespace guestdump::dump::zstd
