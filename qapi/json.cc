// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json.h"

#include <glib.h>
#include <json-c/json.h>

#include <array>
#include <charconv>
#include <cinttypes>
#include <string_view>

#include "util/text.h"

namespace guestdump::qapi {
namespace {

void append_escaped(gunichar c, std::string& out) {
    if (c > 0xffff) {
        const gunichar rest = c - 0x10000;
        out += util::text("\\u%04X\\u%04X", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    } else {
        out += util::text("\\u%04X", c);
    }
}

void append_character(gunichar c, std::string& out) {
    static constexpr std::string_view kNamed = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetters = "\"\\bfnrt";
    const size_t named = c < 0x80 ? kNamed.find(static_cast<char>(c)) : std::string_view::npos;
    if (named != std::string_view::npos) {
        out += '\\';
        out += kLetters[named];
    } else if (c < 0x20 || c >= 0x7f) {
        append_escaped(c, out);
    } else {
        out += static_cast<char>(c);
    }
}

void append_string(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        if (text.front() == '\0') {
            append_escaped(0, out);
            text.remove_prefix(1);
            continue;
        }
        const gunichar c = g_utf8_get_char_validated(text.data(), static_cast<gssize>(text.size()));
        const bool bad = c == static_cast<gunichar>(-1) || c == static_cast<gunichar>(-2);
        append_character(bad ? 0xfffd : c, out);
        text.remove_prefix(bad ? 1 : static_cast<size_t>(g_unichar_to_utf8(c, nullptr)));
    }
    out += '"';
}

/// The shortest text that is read back as the same number.
void append_number(double value, std::string& out) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), value, std::chars_format::general);
    out.append(digits.data(), end.ptr);
}

void append(json_object* json, std::string& out);

void append_object(json_object* json, std::string& out) {
    const char* separator = "";
    out += '{';
    json_object_object_foreach(json, key, value) {
        out += separator;
        append_string(key, out);
        out += ": ";
        append(value, out);
        separator = ", ";
    }
    out += '}';
}

void append_array(json_object* json, std::string& out) {
    out += '[';
    for (size_t i = 0; i < json_object_array_length(json); ++i) {
        if (i > 0) out += ", ";
        append(json_object_array_get_idx(json, i), out);
    }
    out += ']';
}

std::string integer_text(json_object* json) {
    const int64_t value = json_object_get_int64(json);
    return value < 0 ? util::text("%" PRId64, value)
                     : util::text("%" PRIu64, json_object_get_uint64(json));
}

void append(json_object* json, std::string& out) {
    switch (json_object_get_type(json)) {
        case json_type_null:
            out += "null";
            return;
        case json_type_boolean:
            out += json_object_get_boolean(json) ? "true" : "false";
            return;
        case json_type_double:
            append_number(json_object_get_double(json), out);
            return;
        case json_type_int:
            out += integer_text(json);
            return;
        case json_type_object:
            return append_object(json, out);
        case json_type_array:
            return append_array(json, out);
        case json_type_string:
            return append_string({json_object_get_string(json),
                                  static_cast<size_t>(json_object_get_string_len(json))},
                                 out);
    }
}

}  // namespace

void JsonRelease::operator()(json_object* json) const {
    json_object_put(json);
}

Json share(json_object* json) {
    return Json(json_object_get(json));
}

Json make_object() {
    return Json(json_object_new_object());
}

void add(const Json& object, const char* key, Json value) {
    json_object_object_add(object.get(), key, value.release());
}

json_object* find(json_object* object, const char* key) {
    json_object* value = nullptr;
    json_object_object_get_ex(object, key, &value);
    return value;
}

std::string to_text(json_object* json) {
    std::string out;
    append(json, out);
    return out;
}

}  // namespace guestdump::qapi
