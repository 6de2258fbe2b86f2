// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "tests/support/libcheck.h"

namespace guestdump::linux_guest {

/// Fails the test, with the caller's line number, unless @found equals @expected.
inline void check_text(const std::string& found, const std::string& expected,
                       const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    if (found == expected) return;
    _ck_assert_failed(file, line, "wrong text", "'%s' is not '%s'", found.c_str(),
                      expected.c_str());
}

}  // namespace guestdump::linux_guest
