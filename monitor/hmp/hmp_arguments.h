// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "monitor/hmp/hmp_expression.h"
#include "util/result.h"

namespace guestdump::monitor {

/// A parameter of an HMP command. Flags come first, then words and numbers.
struct HmpParameter {
    enum class Kind : uint8_t {
        flag,     ///< -x, if name is "x"
        setting,  ///< -x and a decimal number, if name is "x"
        /// Either. The number is the setting's only if another word follows that is no number:
        /// "-x 1 file" has a setting, "-x 1" and "-x 1 0 4096" have a flag and the word "1".
        flag_or_setting,
        word,    ///< ends at a space, or is in double quotes
        rest,    ///< the rest of the line
        number,  ///< an expression
        format,  ///< "/4xb"; must be the first parameter
    };
    Kind kind;
    std::string_view name;  ///< for words also used in errors: "filename expected"
    bool optional = false;  ///< flags, settings and rests are always optional

    bool is_flag() const {
        return kind == Kind::flag || kind == Kind::setting || kind == Kind::flag_or_setting;
    }
};

/// How to show values: "/4xb" means four bytes in hexadecimal.
struct HmpFormat {
    static constexpr unsigned kMaxCount = 1u << 16;

    unsigned count = 1;
    char letter = 'x';  ///< o octal, x hexadecimal, d signed, u unsigned, c character
    unsigned size = 4;  ///< bytes: b 1, h 2, w 4, g 8
};

/// The arguments of one command, checked against its parameters.
class HmpArguments {
  public:
    /// Errors have QEMU's words: "<command>: " with an unknown flag, a missing argument or extra
    /// text; or the mistake in an expression.
    static util::Result<HmpArguments> parse(std::string_view command, std::string_view text,
                                            std::span<const HmpParameter> parameters,
                                            const RegisterReader& read_register);

    bool flag(char letter) const { return flags_.contains(letter); }
    /// The number after a setting's letter.
    std::optional<uint32_t> setting(char letter) const;
    std::optional<std::string> text(std::string_view name) const;
    std::optional<int64_t> number(std::string_view name) const;
    const HmpFormat& format() const { return format_; }

  private:
    explicit HmpArguments(std::string_view command) : command_(command) {}

    util::Result<> take_flags(std::string_view& text, std::span<const HmpParameter> parameters);
    util::Result<> take_setting(std::string_view& text, char letter);
    util::Result<> take(std::string_view& text, const HmpParameter& parameter,
                        const RegisterReader& read_register);

    std::string command_;  ///< for error messages
    HmpFormat format_;
    std::set<char> flags_;
    std::map<char, uint32_t> settings_;
    std::map<std::string_view, std::string> texts_;
    std::map<std::string_view, int64_t> numbers_;
};

/// Removes a word from the beginning of @text and strips its quotes. Empty if there is no word.
/// Errors: a quote is not closed.
util::Result<std::string> take_word(std::string_view& text);

void skip_space(std::string_view& text);

}  // namespace guestdump::monitor
