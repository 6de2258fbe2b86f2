// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <vector>

#include "util/unique_fd.h"

namespace guestdump::monitor {

/// What one read gave.
struct Received {
    ssize_t size = 0;  ///< bytes; 0 at the end of the stream, -1 with errno set
    std::vector<util::UniqueFd> fds;
};

/// Reads from a socket, with the descriptors that come along, or from anything else. Of more than
/// 16 descriptors at once the rest is closed, as QEMU does it.
Received receive(int fd, std::span<char> buffer);

}  // namespace guestdump::monitor
