// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_expression.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace guestdump::monitor {
namespace {

/// Bounds the recursion. Nobody needs deeper brackets.
constexpr unsigned kMaxDepth = 64;

class Evaluator {
  public:
    Evaluator(std::string_view& rest, const RegisterReader& read_register)
        : rest_(rest), read_register_(read_register) {}

    Result<uint64_t> sum() {
        uint64_t value = TRY(logic());
        while (at('+') || at('-')) {
            const char operation = take();
            const uint64_t right = TRY(logic());
            value = operation == '+' ? value + right : value - right;
        }
        return value;
    }

  private:
    Result<uint64_t> logic() {
        uint64_t value = TRY(product());
        while (at('&') || at('|') || at('^')) {
            const char operation = take();
            const uint64_t right = TRY(product());
            value = operation == '&' ? value & right
                                     : (operation == '|' ? value | right : value ^ right);
        }
        return value;
    }

    Result<uint64_t> product() {
        uint64_t value = TRY(unary());
        while (at('*') || at('/') || at('%')) {
            const char operation = take();
            const uint64_t right = TRY(unary());
            if (operation != '*' && right == 0) return Error::make("division by zero");
            value = operation == '*' ? value * right : divide(operation, value, right);
        }
        return value;
    }

    static uint64_t divide(char operation, uint64_t left, uint64_t right) {
        if (right == UINT64_MAX) return operation == '/' ? 0 - left : 0;  // INT64_MIN / -1 traps
        const auto dividend = static_cast<int64_t>(left), divisor = static_cast<int64_t>(right);
        return static_cast<uint64_t>(operation == '/' ? dividend / divisor : dividend % divisor);
    }

    Result<uint64_t> unary() {
        skip_space();
        if (rest_.empty()) return Error::make("unexpected end of expression");
        if (++depth_ > kMaxDepth) return Error::make("expression too deep");
        uint64_t value = TRY(operand());
        --depth_;
        skip_space();
        return value;
    }

    Result<uint64_t> operand() {
        const char c = rest_.front();
        if (std::isdigit(static_cast<unsigned char>(c))) return number();
        rest_.remove_prefix(1);
        switch (c) {
            case '+':
            case '-':
            case '~':
                return signed_operand(c);
            case '(':
                return bracketed();
            case '\'':
                return character();
            case '$':
                return register_value();
            default:
                return Error::make("invalid char '%c' in expression", c);
        }
    }

    Result<uint64_t> signed_operand(char sign) {
        const uint64_t value = TRY(unary());
        return sign == '+' ? value : (sign == '-' ? 0 - value : ~value);
    }

    Result<uint64_t> bracketed() {
        uint64_t value = TRY(sum());
        if (!at(')')) return Error::make("')' expected");
        take();
        return value;
    }

    Result<uint64_t> character() {
        if (rest_.empty()) return Error::make("character constant expected");
        const auto value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        if (!at('\'')) return Error::make("missing terminating \' character");
        take();
        return uint64_t{value};
    }

    Result<uint64_t> register_value() {
        size_t size = 0;
        while (size < rest_.size() &&
               (std::isalnum(static_cast<unsigned char>(rest_[size])) || rest_[size] == '_')) {
            ++size;
        }
        const std::string_view name = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return read_register_(name);
    }

    Result<uint64_t> number() {
        const std::string digits(rest_.substr(0, 128));
        char* end = nullptr;
        errno = 0;
        const uint64_t value = std::strtoull(digits.c_str(), &end, 0);
        if (errno == ERANGE) return Error::make("number too large");
        rest_.remove_prefix(static_cast<size_t>(end - digits.c_str()));
        return value;
    }

    bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void skip_space() {
        while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front()))) take();
    }

    std::string_view& rest_;
    const RegisterReader& read_register_;
    unsigned depth_ = 0;
};

}  // namespace

Result<int64_t> evaluate(std::string_view& text, const RegisterReader& read_register) {
    const uint64_t value = TRY(Evaluator(text, read_register).sum());
    return static_cast<int64_t>(value);
}

}  // namespace guestdump::monitor
