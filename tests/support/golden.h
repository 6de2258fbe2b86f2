// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace guestdump::support {

/// The contents of tests/golden/@name. Fails the test if it cannot be read.
std::string read_golden(const std::string& name);

/// Fails the test unless @text equals the contents of tests/golden/@name. With UPDATE_GOLDEN=1 in
/// the environment, writes the file instead, for a person to review.
void check_golden(const std::string& name, std::string_view text);

}  // namespace guestdump::support
