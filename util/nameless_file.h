// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// Creates a file without a name in @directory, for reading and writing by its owner only: a
/// dump holds the guest's secrets. It is gone when its last descriptor is closed. Any thread.
/// Errors: those of open(2).
Result<UniqueFd> make_nameless_file(const std::string& directory);

}  // namespace guestdump::util
