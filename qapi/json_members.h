// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace guestdump::qapi {

struct JsonMember {
    std::string name;
    std::string value;  ///< a string's contents; on or off for a boolean; otherwise JSON
};

/// Reads @text, a JSON object, and returns its members in their order. QEMU 6 and later accept
/// arguments of options in this form.
///
/// Errors: "JSON parse error, ..."; @text is not exactly one object; a string contains NUL, which
/// no option can have.
util::Result<std::vector<JsonMember>> parse_json_members(std::string_view text);

}  // namespace guestdump::qapi
