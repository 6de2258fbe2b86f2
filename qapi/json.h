// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

struct json_object;

namespace guestdump::qapi {

struct JsonRelease {
    void operator()(json_object* json) const;
};

/// One reference to a JSON value. nullptr is JSON's null, as in json-c.
using Json = std::unique_ptr<json_object, JsonRelease>;

/// Takes another reference to @json.
Json share(json_object* json);

Json make_object();

/// Sets @key of @object, which must be an object.
void add(const Json& object, const char* key, Json value);

/// The value of @key, borrowed. nullptr if there is no such key or its value is null.
json_object* find(json_object* object, const char* key);

/// @json as one line of ASCII, with QEMU's spaces, because scripts search for `"return": {}`. Bytes
/// that are not UTF-8 become U+FFFD.
std::string to_text(json_object* json);

}  // namespace guestdump::qapi
