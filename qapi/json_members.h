// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace guestdump::qapi {

struct JsonMember {
    std::string name;
    std::string value;  ///< a string itself; on or off; else JSON
};

/// The members of the JSON object that @text is, in its order: an option's argument as QEMU 6 and
/// later takes it.
///
/// Errors: "JSON parse error, ..."; it is no object, or not all of @text; a string with NUL inside,
/// which no option can have.
util::Result<std::vector<JsonMember>> parse_json_members(std::string_view text);

}  // namespace guestdump::qapi
