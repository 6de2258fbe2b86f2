// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/standard_output.h"

#include <cerrno>
#include <cstdio>

#include "util/text.h"

namespace guestdump::tools {

bool stdout_took_all(const char* program) {
    const int os_error = std::fflush(stdout) != 0 ? errno : 0;
    if (!std::ferror(stdout)) return true;
    // Of a write before the last nobody knows the cause any more.
    const std::string cause = os_error != 0 ? ": " + util::error_text(os_error) : " failed";
    std::fprintf(stderr, "%s: writing to stdout%s\n", program, cause.c_str());
    return false;
}

}  // namespace guestdump::tools
