// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/json_cursor.h"

#include <algorithm>
#include <charconv>

namespace guestdump::vmcore {

void JsonCursor::skip_blanks() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

bool JsonCursor::take(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
}

bool JsonCursor::take_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

std::optional<std::string_view> JsonCursor::string() {
    if (!take('"')) return std::nullopt;
    const size_t from = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
        at_ = text_.size();
        return std::nullopt;
    }
    return text_.substr(from, at_++ - from);
}

std::optional<uint64_t> JsonCursor::number() {
    if (take_word("true")) return 1;
    if (take_word("false")) return 0;
    skip_blanks();
    uint64_t value = 0;
    const char* const end = text_.data() + text_.size();
    const auto parsed = std::from_chars(text_.data() + at_, end, value);
    if (parsed.ec != std::errc{}) return std::nullopt;
    at_ = static_cast<size_t>(parsed.ptr - text_.data());
    return value;
}

bool JsonCursor::skip() {
    skip_blanks();
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
        case '{':
            return object([this](std::string_view) { return skip(); });
        case '[':
            return array([this] { return skip(); });
        case '"':
            return string().has_value();
        default:
            break;
    }
    const size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    const bool some = end > at_;
    at_ = end;
    return some;
}

}  // namespace guestdump::vmcore
