// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"

namespace guestdump::tools {

/// Checks that @output, a path or "-" for stdout, is not a terminal: a vmcore is binary, and may
/// contain bytes that command the terminal. Errors: it is a terminal, and how to write to it
/// anyway.
Result<> refuse_terminal(const std::string& output);

}  // namespace guestdump::tools
