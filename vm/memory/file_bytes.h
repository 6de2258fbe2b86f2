// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "util/result.h"

namespace guestdump::vm {

/// The contents of a regular file of at most @most bytes. Errors: "Could not open '<path>': <why>",
/// it is something else than a file, it is larger.
util::Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t most);

}  // namespace guestdump::vm
