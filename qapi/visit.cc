// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/visit.h"

#include <json-c/json.h>

#include <charconv>
#include <cinttypes>

#include "util/text.h"

namespace guestdump::qapi {
namespace {

bool is(json_object* json, json_type type) {
    return json_object_is_type(json, type) != 0;
}

/// json-c replaces a number that does not fit by the nearest one that does. So an integer is either
/// negative, or json_object_get_uint64() returns its true value.
bool is_negative(json_object* json) {
    return json_object_get_int64(json) < 0;
}

std::string_view string_of(json_object* json) {
    return {json_object_get_string(json), static_cast<size_t>(json_object_get_string_len(json))};
}

const char* shown(const std::string& name) {
    return name.empty() ? "arguments" : name.c_str();
}

}  // namespace

Json to_json(bool value) {
    return Json(json_object_new_boolean(value));
}

Json to_json(int64_t value) {
    return Json(json_object_new_int64(value));
}

Json to_json(uint64_t value) {
    return Json(json_object_new_uint64(value));
}

Json to_json(double value) {
    return Json(json_object_new_double(value));
}

Json to_json(std::string_view value) {
    return Json(json_object_new_string_len(value.data(), static_cast<int>(value.size())));
}

Json to_json(const Any&) {
    return Json();
}

Json to_json(Hex value) {
    return to_json(std::string_view(util::text("0x%" PRIx64, value.value)));
}

Json to_json(const HexMap& value) {
    Json object = make_object();
    for (const auto& [name, number] : value.entries)
        add(object, name.c_str(), to_json(Hex(number)));
    return object;
}

Result<> from_json(json_object* json, const std::string& name, bool& out) {
    if (!is(json, json_type_boolean)) return wrong_type(name, "boolean");
    out = json_object_get_boolean(json) != 0;
    return {};
}

Result<> from_json(json_object* json, const std::string& name, int64_t& out) {
    if (!is(json, json_type_int)) return wrong_type(name, "integer");
    if (!is_negative(json) && json_object_get_uint64(json) > INT64_MAX) {
        return wrong_type(name, "integer");
    }
    out = json_object_get_int64(json);
    return {};
}

Result<> from_json(json_object* json, const std::string& name, uint64_t& out) {
    if (!is(json, json_type_int)) return wrong_type(name, "integer");
    if (is_negative(json)) return out_of_range(name, "uint64");
    out = json_object_get_uint64(json);
    return {};
}

Result<> from_json(json_object* json, const std::string& name, double& out) {
    if (!is(json, json_type_double) && !is(json, json_type_int)) return wrong_type(name, "number");
    out = json_object_get_double(json);
    return {};
}

Result<> from_json(json_object* json, const std::string& name, std::string& out) {
    if (!is(json, json_type_string)) return wrong_type(name, "string");
    const std::string_view text = string_of(json);
    // A path would end at the NUL, and another file than the given one would be opened.
    if (text.find('\0') != std::string_view::npos) {
        return Error::make("Parameter '%s' must not contain a NUL character", shown(name));
    }
    out = text;
    return {};
}

Result<> from_json(json_object*, const std::string&, Any& out) {
    out = {};
    return {};
}

Result<> from_json(json_object* json, const std::string& name, Hex& out) {
    constexpr const char* kExpected = "a hexadecimal string of up to 64 bits";
    std::string text;
    TRY(from_json(json, name, text));
    if (!text.starts_with("0x")) return out_of_range(name, kExpected);
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + 2, end, out.value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return out_of_range(name, kExpected);
    return {};
}

Result<> from_json(json_object* json, const std::string& name, HexMap& out) {
    if (!is(json, json_type_object)) return wrong_type(name, "object");
    HexMap map;
    json_object_object_foreach(json, key, value) {
        Hex number;
        TRY(from_json(value, name + "." + key, number));
        map.entries.emplace_back(key, number.value);
    }
    out = std::move(map);
    return {};
}

Error wrong_type(const std::string& name, const char* expected) {
    return Error::make("Invalid parameter type for '%s', expected: %s", shown(name), expected);
}

Error out_of_range(const std::string& name, const std::string& expected) {
    return Error::make("Parameter '%s' expects %s", shown(name), expected.c_str());
}

Error unknown_word(const std::string& name, const std::string& word) {
    return Error::make("Parameter '%s' does not accept value '%s'", shown(name), word.c_str());
}

Result<> refuse_members(json_object* json) {
    const ObjectReader reader = TRY(ObjectReader::open(json, ""));
    return reader.finish();
}

Result<std::vector<json_object*>> elements(json_object* json, const std::string& name) {
    if (!is(json, json_type_array)) return wrong_type(name, "array");
    std::vector<json_object*> found;
    for (size_t i = 0; i < json_object_array_length(json); ++i) {
        found.push_back(json_object_array_get_idx(json, i));
    }
    return found;
}

Json make_array(std::vector<Json> elements) {
    Json array(json_object_new_array());
    for (Json& element : elements) json_object_array_add(array.get(), element.release());
    return array;
}

Result<ObjectReader> ObjectReader::open(json_object* json, const std::string& name) {
    if (!is(json, json_type_object)) return wrong_type(name, "object");
    return ObjectReader(json, name);
}

bool ObjectReader::has(const std::string& key) const {
    return json_object_object_get_ex(json_, key.c_str(), nullptr) != 0;
}

Result<json_object*> ObjectReader::required(const std::string& key) {
    json_object* value = nullptr;
    if (!json_object_object_get_ex(json_, key.c_str(), &value)) {
        return Error::make("Parameter '%s' is missing", path(key).c_str());
    }
    taken_.insert(key);
    return value;
}

std::string ObjectReader::path(const std::string& key) const {
    return name_.empty() ? key : name_ + "." + key;
}

Result<> ObjectReader::finish() const {
    json_object_object_foreach(json_, key, value) {
        static_cast<void>(value);
        if (!taken_.contains(key)) {
            return Error::make("Parameter '%s' is unexpected", path(key).c_str());
        }
    }
    return {};
}

}  // namespace guestdump::qapi
