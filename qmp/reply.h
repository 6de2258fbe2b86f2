// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "qapi/json.h"
#include "util/result.h"

namespace guestdump::qmp {

/// The text of @key of @object; empty if it has none.
std::string string_member(json_object* object, const char* key);

/// What a command returned, by the machine's reply to it. Errors: the machine's, by its text and
/// of Kind::refused; the reply is neither.
Result<qapi::Json> result_of(json_object* reply);

}  // namespace guestdump::qmp
