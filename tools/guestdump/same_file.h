// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string>

#include "util/result.h"

namespace guestdump::tools {

/// Checks that writing to @output does not destroy one of @inputs. Paths are followed through
/// symbolic links, hard links, /dev/fd and /proc/self/fd; "-" is stdin as an input and stdout as
/// the output. An output that does not exist yet is allowed, and so is one socket for both ways.
///
/// Errors: @output is one of @inputs.
util::Result<> refuse_input_as_output(std::span<const std::string> inputs,
                                      const std::string& output);

}  // namespace guestdump::tools
