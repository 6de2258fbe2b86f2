// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace guestdump::qapi {

/// Divides a stream of characters into JSON's tokens.
///
/// The language is that of RFC 8259, with strings in single quotes in addition. A character that
/// does not belong to it is reported at once, without waiting for the end of a line. After that
/// everything is skipped up to a structural character, a control character other than tab, or one
/// of the bytes 0xfe and 0xff, so that a client can always start anew with one of these. [by
/// experiment with QEMU 7.2]
class JsonLexer {
  public:
    /// Most bytes of a token; QEMU's limit too. [qemu qobject/json-lexer.c]
    static constexpr size_t kMaxToken = size_t{64} << 20;

    enum class Kind : uint8_t {
        structural,  ///< one of {}[]:,
        string,      ///< including its quotes and escapes
        integer,
        real,
        keyword,   ///< a word of lower-case letters
        stray,     ///< the beginning of a token, up to the character that cannot be in it
        too_long,  ///< the beginning of the token
    };
    using OnToken = std::function<void(Kind kind, std::string_view text)>;

    explicit JsonLexer(OnToken on_token) : on_token_(std::move(on_token)) {}

    void feed(char c);

  private:
    enum class State : uint8_t {
        start,
        single_quoted,
        single_escape,
        double_quoted,
        double_escape,
        minus,
        zero,
        digits,
        point,
        fraction,
        exponent,
        exponent_sign,
        exponent_digits,
        word,
        recovery,
    };
    struct Step;

    static Step next(State state, char c);
    static Step next_at_start(char c);
    static Step next_in_string(State state, char c);
    static Step next_in_number(State state, char c);
    static Step next_in_recovery(char c);
    void emit(Kind kind);

    OnToken on_token_;
    State state_ = State::start;
    std::string token_;  ///< the part of the token that has been read
};

}  // namespace guestdump::qapi
