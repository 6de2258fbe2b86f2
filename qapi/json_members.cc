// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json_members.h"

#include <json-c/json.h>

#include <optional>

#include "qapi/json.h"
#include "qapi/json_stream.h"

namespace guestdump::qapi {
namespace {

/// Parses @text, which must be exactly one value.
Result<Json> parse(std::string_view text) {
    std::optional<Result<Json>> first;
    JsonStream stream([&](Result<Json> value) {
        if (!first) first = std::move(value);
    });
    while (!first && !text.empty()) {
        stream.feed(text.front());
        text.remove_prefix(1);
    }
    if (!first) return Error::make("JSON parse error, it ends too early");
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
        return Error::make("JSON parse error, there is more after the object");
    }
    return std::move(*first);
}

Result<std::string> value_text(const char* name, json_object* value) {
    if (json_object_is_type(value, json_type_boolean)) {
        return std::string(json_object_get_boolean(value) ? "on" : "off");
    }
    if (!json_object_is_type(value, json_type_string)) return to_text(value);
    const std::string text(json_object_get_string(value),
                           static_cast<size_t>(json_object_get_string_len(value)));
    if (text.find('\0') == std::string::npos) return text;
    return Error::make("Parameter '%s' has a NUL inside", name);
}

}  // namespace

Result<std::vector<JsonMember>> parse_json_members(std::string_view text) {
    const Json object = TRY(parse(text));
    if (!json_object_is_type(object.get(), json_type_object)) {
        return Error::make("JSON parse error, an object is expected");
    }
    std::vector<JsonMember> members;
    json_object_object_foreach(object.get(), name, value) {
        std::string its_text = TRY(value_text(name, value));
        members.push_back({name, std::move(its_text)});
    }
    return members;
}

}  // namespace guestdump::qapi
