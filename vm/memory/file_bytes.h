// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "util/result.h"

namespace guestdump::vm {

/// The contents of a regular file. Errors: "Could not open '<path>': <why>"; it is not a regular
/// file; it has more than @most bytes.
util::Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t most);

}  // namespace guestdump::vm
