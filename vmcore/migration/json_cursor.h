// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace guestdump::vmcore {

/// Reads JSON from its start to its end without building anything: the description at the end of
/// a stream is large, and only few of its values are needed. One thread.
///
/// Each function reads one value. It returns false, or nothing, if the value is malformed or of
/// another kind; nothing is read then that is of use.
class JsonCursor {
  public:
    explicit JsonCursor(std::string_view text) : text_(text) {}

    /// Bytes before the next value.
    size_t position() const { return at_; }

    /// Calls bool @member(std::string_view key) for each member; it reads the value, and ends the
    /// object by returning false.
    template <class Member>
    bool object(const Member& member) {
        return list('{', '}', [&] {
            const auto key = string();
            return key && take(':') && member(*key);
        });
    }

    /// Calls bool @element() for each element, as object() does.
    template <class Element>
    bool array(const Element& element) {
        return list('[', ']', element);
    }

    /// The characters between the quotes, as they stand there: with their escapes.
    std::optional<std::string_view> string();
    /// A number that is not negative, and true and false as 1 and 0.
    std::optional<uint64_t> number();
    /// Any value.
    bool skip();

  private:
    /// Limit on the depth; QEMU needs four for each struct in a struct.
    static constexpr unsigned kMostDepth = 256;

    template <class Item>
    bool list(char begin, char end, const Item& item) {
        if (!take(begin) || depth_ == kMostDepth) return false;
        if (take(end)) return true;
        ++depth_;
        do {
            if (!item()) return false;
        } while (take(','));
        --depth_;
        return take(end);
    }

    void skip_blanks();
    bool take(char wanted);
    bool take_word(std::string_view word);

    std::string_view text_;
    size_t at_ = 0;
    unsigned depth_ = 0;
};

}  // namespace guestdump::vmcore
