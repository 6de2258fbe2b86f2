// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "qapi/json.h"
#include "qapi/types.h"
#include "util/result.h"

/// Conversion between JSON and plain values. The generated qapi/marshal.h adds overloads of to_json
/// and from_json for the types of the schema.
///
/// from_json() needs @name for its errors: the path of the value ("enable[0]"), empty for all
/// arguments of a command. Errors have QEMU's words. @out changes only on success.

namespace guestdump::qapi {

Json to_json(bool value);
Json to_json(int64_t value);
Json to_json(uint64_t value);
Json to_json(double value);
Json to_json(std::string_view value);
/// null: the value was not kept.
Json to_json(const Any& value);
Json to_json(Hex value);
Json to_json(const HexMap& value);
/// Deleted because a character array would become true or false.
Json to_json(const void* value) = delete;

template <std::integral T>
Json to_json(T value) {
    if constexpr (std::is_signed_v<T>) return to_json(int64_t{value});
    return to_json(uint64_t{value});
}

Result<> from_json(json_object* json, const std::string& name, bool& out);
Result<> from_json(json_object* json, const std::string& name, int64_t& out);
Result<> from_json(json_object* json, const std::string& name, uint64_t& out);
Result<> from_json(json_object* json, const std::string& name, double& out);
Result<> from_json(json_object* json, const std::string& name, std::string& out);
/// Accepts every value.
Result<> from_json(json_object* json, const std::string& name, Any& out);
Result<> from_json(json_object* json, const std::string& name, Hex& out);
Result<> from_json(json_object* json, const std::string& name, HexMap& out);

/// "Invalid parameter type for '<name>', expected: <expected>"
Error wrong_type(const std::string& name, const char* expected);
/// "Parameter '<name>' expects <expected>"
Error out_of_range(const std::string& name, const std::string& expected);
/// "Parameter '<name>' does not accept value '<word>'"
Error unknown_word(const std::string& name, const std::string& word);

template <std::integral T>
Result<> from_json(json_object* json, const std::string& name, T& out) {
    std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> wide = 0;
    TRY(from_json(json, name, wide));
    if (!std::in_range<T>(wide)) {
        constexpr bool kSigned = std::is_signed_v<T>;
        return out_of_range(name,
                            (kSigned ? "int" : "uint") + std::to_string(8 * sizeof(T)) + "_t");
    }
    out = static_cast<T>(wide);
    return {};
}

/// Checks the arguments of a command that takes none. Errors: @json is not an object or not empty.
Result<> refuse_members(json_object* json);

/// The array's elements, borrowed. Errors: @json is not an array.
Result<std::vector<json_object*>> elements(json_object* json, const std::string& name);

Json make_array(std::vector<Json> elements);

template <class T>
Json to_json(const std::vector<T>& values) {
    std::vector<Json> elements;
    for (const T& value : values) elements.push_back(to_json(value));
    return make_array(std::move(elements));
}

template <class T>
Result<> from_json(json_object* json, const std::string& name, std::vector<T>& out) {
    const std::vector<json_object*> parts = TRY(elements(json, name));
    std::vector<T> values(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) {
        TRY(from_json(parts[i], name + "[" + std::to_string(i) + "]", values[i]));
    }
    out = std::move(values);
    return {};
}

/// Builds an object member by member.
class ObjectWriter {
  public:
    template <class T>
    void member(const char* key, const T& value) {
        add(object_, key, to_json(value));
    }
    template <class T>
    void member(const char* key, const std::optional<T>& value) {
        if (value) member(key, *value);
    }
    Json take() && { return std::move(object_); }

  private:
    Json object_ = make_object();
};

/// Reads an object member by member and refuses the members that were not read.
class ObjectReader {
  public:
    /// @json must outlive this. Errors: @json is not an object.
    static Result<ObjectReader> open(json_object* json, const std::string& name);

    /// Errors: the member is missing, or does not have the right type.
    template <class T>
    Result<> member(const std::string& key, T& out) {
        json_object* value = TRY(required(key));
        return from_json(value, path(key), out);
    }
    template <class T>
    Result<> member(const std::string& key, std::optional<T>& out) {
        if (!has(key)) return {};
        T value{};
        TRY(member(key, value));
        out = std::move(value);
        return {};
    }

    /// Errors: a member has not been read.
    Result<> finish() const;

  private:
    ObjectReader(json_object* json, std::string name) : json_(json), name_(std::move(name)) {}
    bool has(const std::string& key) const;
    Result<json_object*> required(const std::string& key);
    std::string path(const std::string& key) const;

    json_object* json_;
    std::string name_;
    std::set<std::string, std::less<>> taken_;
};

}  // namespace guestdump::qapi
