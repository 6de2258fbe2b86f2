// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json_stream.h"

#include <json-c/json.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

namespace guestdump::qapi {
namespace {

using Kind = JsonLexer::Kind;

Error parse_error(const char* why) {
    return Error::make("JSON parse error, %s", why);
}

/// Rewrites a string token for json-c: in double quotes, and without escaped single quotes.
std::string respell_string(std::string_view token) {
    std::string text = "\"";
    const std::string_view inside = token.substr(1, token.size() - 2);
    for (size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == '"') {
            text += "\\\"";
        } else if (inside[i] != '\\') {
            text += inside[i];
        } else if (inside[++i] == '\'') {
            text += '\'';
        } else {
            text += '\\';
            text += inside[i];
        }
    }
    return text + '"';
}

/// True if the string contains an escaped NUL: \u0000 after an even number of backslashes.
bool has_nul(std::string_view token) {
    for (size_t i = 0; i + 1 < token.size(); ++i) {
        if (token[i] == '\\' && token.substr(++i, 5) == "u0000") return true;
    }
    return false;
}

/// False if the integer has more than 64 bits. json-c would replace it by the nearest one that
/// fits; QEMU makes a floating-point number of it.
bool fits_integer(const std::string& token) {
    errno = 0;
    if (token.front() == '-') {
        std::strtoll(token.c_str(), nullptr, 10);
    } else {
        std::strtoull(token.c_str(), nullptr, 10);
    }
    return errno == 0;
}

/// Infinity is refused, because no reply could contain it.
Result<std::string> respell_real(std::string token) {
    if (!std::isfinite(std::strtod(token.c_str(), nullptr))) {
        return parse_error("a number is too large");
    }
    return token;
}

Result<std::string> respell(Kind kind, std::string_view token) {
    std::string text(token);
    switch (kind) {
        case Kind::stray:
            return Error::make("JSON parse error, stray '%s'", text.c_str());
        case Kind::too_long:
            return Error::make("JSON token size limit exceeded");
        case Kind::string:
            return respell_string(token);
        case Kind::integer:
            return fits_integer(text) ? text : respell_real(text + "e0");
        case Kind::real:
            return respell_real(std::move(text));
        case Kind::structural:
        case Kind::keyword:
            return text;
    }
    return text;
}

/// Counts the members of all objects in @json.
size_t count_members(json_object* json) {
    size_t count = 0;
    if (json_object_is_type(json, json_type_object)) {
        json_object_object_foreach(json, key, value) {
            static_cast<void>(key);
            count += 1 + count_members(value);
        }
    } else if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); ++i) {
            count += count_members(json_object_array_get_idx(json, i));
        }
    }
    return count;
}

struct ReleaseTokener {
    void operator()(json_tokener* tokener) const { json_tokener_free(tokener); }
};

}  // namespace

JsonStream::JsonStream(OnValue on_value)
    : on_value_(std::move(on_value)),
      lexer_([this](Kind kind, std::string_view text) { token(kind, text); }) {}

void JsonStream::token(Kind kind, std::string_view text) {
    const Result<> appended = append(kind, text);
    if (!appended) return conclude(appended.error());
    // If too much was closed, json-c's error describes it.
    const bool open = braces_ > 0 || brackets_ > 0;
    const bool balanced = braces_ >= 0 && brackets_ >= 0;
    if (!open || !balanced) conclude(parse());
}

Result<> JsonStream::append(Kind kind, std::string_view text) {
    const std::string spelled = TRY(respell(kind, text));
    if (kind == Kind::structural) nest(text.front());
    nul_in_name_ |= text == ":" && nul_before_;
    nul_before_ = kind == Kind::string && has_nul(text);
    if (text_.size() + spelled.size() > kMaxBytes) {
        return Error::make("JSON token size limit exceeded");
    }
    if (++tokens_ > kMaxTokens) return Error::make("JSON token count limit exceeded");
    if (braces_ + brackets_ > kMaxNesting) {
        return Error::make("JSON nesting depth limit exceeded");
    }
    text_ += spelled;
    text_ += ' ';  // keeps tokens apart that were apart in the text
    return {};
}

void JsonStream::nest(char c) {
    braces_ += (c == '{') - (c == '}');
    brackets_ += (c == '[') - (c == ']');
    keys_ += c == ':';
}

Result<Json> JsonStream::parse() const {
    // json-c would end the name at the NUL, and "stop\0" would be the same as "stop".
    if (nul_in_name_) return parse_error("a NUL character in a member's name");
    const std::unique_ptr<json_tokener, ReleaseTokener> tokener(
        json_tokener_new_ex(kMaxNesting + 2));
    json_tokener_set_flags(tokener.get(), JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    // The length includes the NUL, because it ends a number.
    Json value(
        json_tokener_parse_ex(tokener.get(), text_.c_str(), static_cast<int>(text_.size() + 1)));
    const json_tokener_error error = json_tokener_get_error(tokener.get());
    if (error != json_tokener_success) return parse_error(json_tokener_error_desc(error));
    // If several members have the same name, json-c keeps the last one without an error.
    if (count_members(value.get()) < keys_) return parse_error("duplicate key");
    return value;
}

void JsonStream::conclude(Result<Json> value) {
    text_ = {};
    nul_before_ = nul_in_name_ = false;
    tokens_ = keys_ = 0;
    braces_ = brackets_ = 0;
    on_value_(std::move(value));
}

}  // namespace guestdump::qapi
