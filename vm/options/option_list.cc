// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/options/option_list.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>

#include "qapi/json_members.h"

namespace guestdump::vm {
namespace {

/// Returns the text up to the next single comma, unescaped, and removes it and the comma from
/// @text.
std::string next_member(std::string_view& text) {
    std::string member;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == ',') {
            if (!text.starts_with(',')) break;
            text.remove_prefix(1);
        }
        member += c;
    }
    return member;
}

std::optional<uint64_t> suffix_unit(std::string_view suffix) {
    if (suffix.size() != 1) return std::nullopt;
    switch (suffix[0]) {
        case 'b':
        case 'B':
            return 1;
        case 'k':
        case 'K':
            return uint64_t{1} << 10;
        case 'm':
        case 'M':
            return uint64_t{1} << 20;
        case 'g':
        case 'G':
            return uint64_t{1} << 30;
        case 't':
        case 'T':
            return uint64_t{1} << 40;
        default:
            return std::nullopt;
    }
}

/// Reads the number at the beginning of @text and removes it from @text.
Result<uint64_t> leading_number(std::string_view& text) {
    const std::string whole(text);
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (error == std::errc::result_out_of_range) {
        return Error::make("'%s' is more than 64 bits hold", whole.c_str());
    }
    if (error != std::errc{}) return Error::make("'%s' is not a number", whole.c_str());
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
}

}  // namespace

Result<uint64_t> parse_number(std::string_view text) {
    const std::string whole(text);
    const uint64_t value = TRY(leading_number(text));
    if (!text.empty()) return Error::make("'%s' is not a number", whole.c_str());
    return value;
}

Result<uint64_t> parse_size(std::string_view text, uint64_t unit) {
    const std::string whole(text);
    const uint64_t count = TRY(leading_number(text));
    if (!text.empty()) {
        const std::optional<uint64_t> suffix = suffix_unit(text);
        if (!suffix)
            return Error::make("'%s' is not a size: its suffix must be K, M, G or T",
                               whole.c_str());
        unit = *suffix;
    }
    if (count > UINT64_MAX / unit)
        return Error::make("'%s' is more than 64 bits hold", whole.c_str());
    return count * unit;
}

Result<OptionList> OptionList::parse(std::string_view text, std::string_view implied) {
    OptionList list;
    for (bool first = true; !text.empty(); first = false) {
        std::string member = next_member(text);
        const size_t equals = member.find('=');
        if (equals != std::string::npos) {
            list.members_.push_back({member.substr(0, equals), member.substr(equals + 1)});
        } else if (first && !implied.empty()) {
            list.members_.push_back({std::string(implied), std::move(member)});
        } else if (member.starts_with("no")) {
            list.members_.push_back({member.substr(2), "off"});
        } else {
            list.members_.push_back({std::move(member), "on"});
        }
        if (list.members_.back().name.empty()) return Error::make("a parameter has no name");
    }
    return list;
}

Result<OptionList> OptionList::parse_maybe_json(std::string_view text, std::string_view implied) {
    if (!text.starts_with('{')) return parse(text, implied);
    OptionList list;
    std::vector<qapi::JsonMember> members = TRY(qapi::parse_json_members(text));
    for (qapi::JsonMember& member : members) {
        list.members_.push_back({std::move(member.name), std::move(member.value)});
    }
    return list;
}

std::optional<std::string> OptionList::take(std::string_view name) {
    std::optional<std::string> value;
    for (const Member& member : members_) {
        if (member.name == name) value = member.value;
    }
    std::erase_if(members_, [name](const Member& member) { return member.name == name; });
    return value;
}

Result<std::optional<bool>> OptionList::take_bool(std::string_view name) {
    const std::optional<std::string> value = take(name);
    if (!value) return std::optional<bool>();
    if (*value == "on" || *value == "yes" || *value == "true") return std::optional(true);
    if (*value == "off" || *value == "no" || *value == "false") return std::optional(false);
    return Error::make("Parameter '%s' expects 'on' or 'off'", std::string(name).c_str());
}

Result<std::optional<uint64_t>> OptionList::take_size(std::string_view name, uint64_t unit) {
    const std::optional<std::string> value = take(name);
    if (!value) return std::optional<uint64_t>();
    Result<uint64_t> size = parse_size(*value, unit);
    if (!size)
        return std::move(size).take_error().while_("parameter '%s'", std::string(name).c_str());
    return std::optional(*size);
}

Result<std::optional<uint64_t>> OptionList::take_number(std::string_view name) {
    const std::optional<std::string> value = take(name);
    if (!value) return std::optional<uint64_t>();
    Result<uint64_t> number = parse_number(*value);
    if (!number)
        return std::move(number).take_error().while_("parameter '%s'", std::string(name).c_str());
    return std::optional(*number);
}

Result<std::string> OptionList::require(std::string_view name) {
    std::optional<std::string> value = take(name);
    if (!value || value->empty())
        return Error::make("Parameter '%s' is missing", std::string(name).c_str());
    return std::move(*value);
}

Result<> OptionList::expect_all_taken() const {
    if (members_.empty()) return {};
    return Error::make("Parameter '%s' is unexpected", members_.front().name.c_str());
}

}  // namespace guestdump::vm
