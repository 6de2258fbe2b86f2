// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <vector>

#include "util/unique_fd.h"

namespace guestdump::monitor {

/// Result of one read.
struct Received {
    ssize_t size = 0;  ///< bytes; 0 at the end of the stream; -1 on an error, with errno set
    std::vector<util::UniqueFd> fds;
};

/// Reads from a socket, with the descriptors that come with the data, or from another file. At most
/// 16 descriptors are kept and the rest is closed, as in QEMU.
Received receive(int fd, std::span<char> buffer);

}  // namespace guestdump::monitor
