// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "tools/guestdump/command_options.h"

namespace guestdump::tools {

/// Parses the value of --state. Empty if the option was not given. Errors: it is not one of the
/// letters of states.
Result<std::optional<char>> parse_state(const OptionText& text);

}  // namespace guestdump::tools
