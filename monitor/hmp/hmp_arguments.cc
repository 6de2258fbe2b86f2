// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_arguments.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace guestdump::monitor {

using Kind = HmpParameter::Kind;

namespace {

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

char unescape(char c) {
    return c == 'n' ? '\n' : (c == 'r' ? '\r' : c);
}

Result<std::string> take_quoted(std::string_view& text) {
    std::string word;
    text.remove_prefix(1);
    while (!text.empty() && text.front() != '"') {
        const bool escaped = text.front() == '\\' && text.size() > 1;
        if (escaped) text.remove_prefix(1);
        word += escaped ? unescape(text.front()) : text.front();
        text.remove_prefix(1);
    }
    if (text.empty()) return Error::make("unterminated string");
    text.remove_prefix(1);
    return word;
}

Result<unsigned> take_count(std::string_view& text) {
    unsigned count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::invalid_argument) return 1u;
    if (error != std::errc() || count > HmpFormat::kMaxCount) {
        return Error::make("count is larger than %u", HmpFormat::kMaxCount);
    }
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return count;
}

/// Removes a format such as "/4xb" from the beginning of @text, if there is one.
Result<HmpFormat> take_format(std::string_view& text) {
    static constexpr std::string_view kLetters = "oxduc", kSizes = "bhwg";
    HmpFormat format;
    skip_space(text);
    if (text.empty() || text.front() != '/') return format;
    text.remove_prefix(1);
    format.count = TRY(take_count(text));
    for (; !text.empty() && !is_space(text.front()); text.remove_prefix(1)) {
        const char c = text.front();
        const size_t size = kSizes.find(c);
        if (size != std::string_view::npos) {
            format.size = 1u << size;
        } else if (kLetters.find(c) != std::string_view::npos) {
            format.letter = c;
        } else {
            return Error::make("invalid char in format: '%c'", c);
        }
    }
    return format;
}

bool is_number(std::string_view word) {
    return !word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0 &&
           word.find_first_not_of("0123456789abcdefABCDEFxX") == word.npos;
}

/// True if @text is a decimal number and a further word that is no number.
bool begins_with_setting(std::string_view text) {
    skip_space(text);
    const std::string_view number = text.substr(0, text.find_first_of(" \t"));
    if (number.empty() || number.find_first_not_of("0123456789") != number.npos) return false;
    text.remove_prefix(number.size());
    skip_space(text);
    const std::string_view next = text.substr(0, text.find_first_of(" \t"));
    return !next.empty() && !is_number(next);
}

}  // namespace

void skip_space(std::string_view& text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

Result<std::string> take_word(std::string_view& text) {
    skip_space(text);
    if (!text.empty() && text.front() == '"') return take_quoted(text);
    const auto end = std::ranges::find_if(text, is_space);
    const std::string word(text.begin(), end);
    text.remove_prefix(word.size());
    return word;
}

Result<HmpArguments> HmpArguments::parse(std::string_view command, std::string_view text,
                                         std::span<const HmpParameter> parameters,
                                         const RegisterReader& read_register) {
    HmpArguments arguments(command);
    if (!parameters.empty() && parameters.front().kind == Kind::format) {
        arguments.format_ = TRY(take_format(text));
        parameters = parameters.subspan(1);
    }
    TRY(arguments.take_flags(text, parameters));
    for (const HmpParameter& parameter : parameters) {
        if (!parameter.is_flag()) TRY(arguments.take(text, parameter, read_register));
    }
    skip_space(text);
    if (text.empty()) return arguments;
    return Error::make("%s: extraneous characters at the end of line", arguments.command_.c_str());
}

Result<> HmpArguments::take_flags(std::string_view& text,
                                  std::span<const HmpParameter> parameters) {
    const bool takes_flags = std::ranges::any_of(parameters, &HmpParameter::is_flag);
    for (skip_space(text); takes_flags && text.size() > 1 && text.front() == '-';
         skip_space(text)) {
        const std::string_view letter = text.substr(1, 1);
        const auto known = std::ranges::find_if(parameters, [&](const HmpParameter& parameter) {
            return parameter.is_flag() && parameter.name == letter;
        });
        if (known == parameters.end()) {
            return Error::make("%s: unsupported option -%c", command_.c_str(), letter[0]);
        }
        text.remove_prefix(2);
        const bool number_follows =
            known->kind == Kind::flag_or_setting && begins_with_setting(text);
        if (known->kind == Kind::setting || number_follows) {
            TRY(take_setting(text, letter[0]));
        } else {
            flags_.insert(letter[0]);
        }
    }
    return {};
}

/// Reads a plain number and not an expression: a file name may follow, and it may begin with '/',
/// which an expression would take for a division.
Result<> HmpArguments::take_setting(std::string_view& text, char letter) {
    skip_space(text);
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto length = static_cast<size_t>(end - text.data());
    if (error != std::errc() || (length < text.size() && !is_space(text[length]))) {
        return Error::make("%s: -%c expects a number", command_.c_str(), letter);
    }
    settings_[letter] = value;
    text.remove_prefix(length);
    return {};
}

Result<> HmpArguments::take(std::string_view& text, const HmpParameter& parameter,
                            const RegisterReader& read_register) {
    skip_space(text);
    if (parameter.kind == Kind::rest) {
        texts_[parameter.name] = std::exchange(text, {});
    } else if (text.empty() && parameter.optional) {
        return {};
    } else if (parameter.kind == Kind::number) {
        numbers_[parameter.name] = TRY(evaluate(text, read_register));
    } else if (text.empty()) {
        return Error::make("%s: %s expected", command_.c_str(),
                           std::string(parameter.name).c_str());
    } else {
        texts_[parameter.name] = TRY(take_word(text));
    }
    return {};
}

std::optional<std::string> HmpArguments::text(std::string_view name) const {
    const auto found = texts_.find(name);
    return found == texts_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<uint32_t> HmpArguments::setting(char letter) const {
    const auto found = settings_.find(letter);
    return found == settings_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> HmpArguments::number(std::string_view name) const {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace guestdump::monitor
