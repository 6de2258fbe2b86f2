// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace guestdump::util {

/// Why something outside the program failed: one line for a person, lower case, no full stop.
///
/// The lowest level names the object and the numbers; `while_` adds what only a caller knows. If an
/// errno was the cause, the Error also stores it; the text already contains strerror().
class [[nodiscard]] Error {
  public:
    /// Error classes for code to test. The message is for people.
    enum class Kind : uint8_t {
        generic,
        not_found,  ///< the named object does not exist
        cancelled,  ///< the caller ended the work
        refused,    ///< a machine replied that it does not execute the command
    };

    [[gnu::format(printf, 1, 2)]] static Error make(const char* format, ...);

    /// As make(), followed by ": " and strerror(@os_error).
    [[gnu::format(printf, 2, 3)]] static Error from_errno(int os_error, const char* format, ...);

    /// Puts "<text>: " before the message.
    [[gnu::format(printf, 2, 3)]] Error while_(const char* format, ...) &&;

    Error as(Kind kind) &&;

    const std::string& message() const { return message_; }
    Kind kind() const { return kind_; }

    /// The errno that was the cause, or 0.
    int os_error() const { return os_error_; }

  private:
    Error(std::string message, int os_error) : message_(std::move(message)), os_error_(os_error) {}

    std::string message_;
    int os_error_;
    Kind kind_ = Kind::generic;
};

/// A value or an Error. Callers must check it.
///
/// Reading the value of a failed Result is a bug in the caller and aborts.
template <class T = void>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const { return value_.has_value(); }

    T& operator*() & { return value_.value(); }
    const T& operator*() const& { return value_.value(); }
    T* operator->() { return &value_.value(); }
    const T* operator->() const { return &value_.value(); }

    T take() && { return std::move(value_).value(); }
    const Error& error() const { return error_.value(); }
    Error take_error() && { return std::move(error_).value(); }

  private:
    // One of them is set. A std::variant would be smaller, but compiling it takes much longer.
    std::optional<T> value_;
    std::optional<Error> error_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const { return !error_; }

    void take() && {}
    const Error& error() const { return error_.value(); }
    Error take_error() && { return std::move(error_).value(); }

  private:
    std::optional<Error> error_;
};

}  // namespace guestdump::util

namespace guestdump {

// The return types of functions in all folders.
using util::Error;
using util::Result;

}  // namespace guestdump
