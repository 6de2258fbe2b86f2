// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace guestdump::tools {

/// Result of writing to stdout.
enum class Output {
    complete,
    no_reader,  ///< the reader of a pipe or socket has gone
    failed,
};

/// Flushes stdout. If a write failed, now or earlier, and a reader could still see that, prints an
/// error in the name of @program to stderr. Call it at the end of the program.
Output finish_stdout(const char* program);

}  // namespace guestdump::tools
