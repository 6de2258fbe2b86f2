// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "tests/support/libcheck.h"
#include "util/result.h"

/// Helpers for tests that check a Result. Failures are reported at the caller's line.

namespace guestdump::support {

/// Returns the value; an Error fails the test with its text.
template <class T>
T must(util::Result<T> result, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (!result) {
        _ck_assert_failed(file, line, "unexpected error", "%s", result.error().message().c_str());
    }
    return std::move(result).take();
}

/// Returns the Error's text; a value fails the test.
template <class T>
std::string error_of(const util::Result<T>& result, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE()) {
    if (result) _ck_assert_failed(file, line, "an error was expected", nullptr);
    return result.error().message();
}

/// Fails the test if @result is a value, or an Error whose text does not contain @part.
template <class T>
void must_fail(const util::Result<T>& result, std::string_view part,
               const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const std::string message = error_of(result, file, line);
    if (message.find(part) == std::string::npos) {
        _ck_assert_failed(file, line, "wrong error", "'%s' does not say '%s'", message.c_str(),
                          std::string(part).c_str());
    }
}

}  // namespace guestdump::support
