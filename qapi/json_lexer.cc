// SPDX-License-Identifier: GPL-2.0-or-later
#include "qapi/json_lexer.h"

#include <optional>

namespace guestdump::qapi {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_structural(char c) {
    return std::string_view("{}[]:,").find(c) != std::string_view::npos;
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20;
}

/// True for bytes that never occur in UTF-8.
bool is_impossible(char c) {
    return static_cast<unsigned char>(c) >= 0xfe;
}

}  // namespace

struct JsonLexer::Step {
    State state;
    std::optional<Kind> token = {};  ///< the token that ends here
    bool consumed = true;            ///< false: the next state reads the character again

    static Step go(State state) { return {.state = state}; }
    static Step ends(Kind kind) { return {.state = State::start, .token = kind}; }
    static Step ended_before(Kind kind) {
        return {.state = State::start, .token = kind, .consumed = false};
    }
    static Step stray() { return {.state = State::recovery, .token = Kind::stray}; }
};

void JsonLexer::feed(char c) {
    bool consumed = false;
    while (!consumed) {
        const Step step = next(state_, c);
        consumed = step.consumed;
        state_ = step.state;
        if (consumed) token_ += c;
        if (step.token) {
            emit(*step.token);
        } else if (state_ == State::start || state_ == State::recovery) {
            token_.clear();
        }
    }
    if (token_.size() > kMaxToken) {
        state_ = State::start;
        emit(Kind::too_long);
    }
}

void JsonLexer::emit(Kind kind) {
    on_token_(kind, token_);
    token_.clear();
    if (token_.capacity() > 4096) token_.shrink_to_fit();
}

JsonLexer::Step JsonLexer::next(State state, char c) {
    switch (state) {
        case State::start:
            return next_at_start(c);
        case State::single_quoted:
        case State::single_escape:
        case State::double_quoted:
        case State::double_escape:
            return next_in_string(state, c);
        case State::word:
            return is_letter(c) ? Step::go(state) : Step::ended_before(Kind::keyword);
        case State::recovery:
            return next_in_recovery(c);
        default:
            return next_in_number(state, c);
    }
}

JsonLexer::Step JsonLexer::next_at_start(char c) {
    if (is_space(c)) return Step::go(State::start);
    if (is_structural(c)) return Step::ends(Kind::structural);
    if (is_letter(c)) return Step::go(State::word);
    if (is_digit(c)) return Step::go(c == '0' ? State::zero : State::digits);
    switch (c) {
        case '"':
            return Step::go(State::double_quoted);
        case '\'':
            return Step::go(State::single_quoted);
        case '-':
            return Step::go(State::minus);
        default:
            return Step::stray();
    }
}

JsonLexer::Step JsonLexer::next_in_string(State state, char c) {
    const bool single = state == State::single_quoted || state == State::single_escape;
    const State inside = single ? State::single_quoted : State::double_quoted;
    if (is_control(c) || is_impossible(c)) return Step::stray();
    if (state != inside) return Step::go(inside);
    if (c == '\\') return Step::go(single ? State::single_escape : State::double_escape);
    return c == (single ? '\'' : '"') ? Step::ends(Kind::string) : Step::go(inside);
}

JsonLexer::Step JsonLexer::next_in_number(State state, char c) {
    const bool digit = is_digit(c);
    const bool e = c == 'e' || c == 'E';
    switch (state) {
        case State::minus:
            if (digit) return Step::go(c == '0' ? State::zero : State::digits);
            return Step::stray();
        case State::zero:
        case State::digits:
            if (digit) return state == State::zero ? Step::stray() : Step::go(state);
            if (c == '.') return Step::go(State::point);
            return e ? Step::go(State::exponent) : Step::ended_before(Kind::integer);
        case State::point:
            return digit ? Step::go(State::fraction) : Step::stray();
        case State::fraction:
            if (digit) return Step::go(state);
            return e ? Step::go(State::exponent) : Step::ended_before(Kind::real);
        case State::exponent:
            if (c == '+' || c == '-') return Step::go(State::exponent_sign);
            return digit ? Step::go(State::exponent_digits) : Step::stray();
        case State::exponent_sign:
            return digit ? Step::go(State::exponent_digits) : Step::stray();
        default:
            return digit ? Step::go(State::exponent_digits) : Step::ended_before(Kind::real);
    }
}

JsonLexer::Step JsonLexer::next_in_recovery(char c) {
    const bool starts_anew = (is_control(c) && c != '\t') || is_impossible(c) || is_structural(c);
    if (!starts_anew) return Step::go(State::recovery);
    return {.state = State::start, .consumed = false};
}

}  // namespace guestdump::qapi
