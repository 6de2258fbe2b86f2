// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/standard_output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "util/text.h"

namespace guestdump::tools {
namespace {

/// The cause of an earlier failed write is no longer known, so the descriptor is asked.
bool reader_has_gone() {
    pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
    return ::poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

Output finish_stdout(const char* program) {
    const int os_error = std::fflush(stdout) != 0 ? errno : 0;
    if (!std::ferror(stdout)) return Output::complete;
    if (os_error == EPIPE || reader_has_gone()) return Output::no_reader;
    const std::string cause = os_error != 0 ? ": " + util::error_text(os_error) : " failed";
    std::fprintf(stderr, "%s: writing to stdout%s\n", program, cause.c_str());
    return Output::failed;
}

}  // namespace guestdump::tools
