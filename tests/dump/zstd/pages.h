// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "tests/support/bytes.h"

namespace guestdump::dump {

/// Pages of @size bytes as compressors like and dislike them: of one byte, periods of every small
/// length, text, noise, noise that comes again far behind, and mixtures. The same each time.
std::vector<support::Bytes> odd_pages(size_t size);

}  // namespace guestdump::dump
