// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/write_at.h"

#include <unistd.h>

#include <cerrno>

namespace guestdump::util {

int write_at(int fd, uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return errno;
        offset += static_cast<uint64_t>(put);
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return 0;
}

}  // namespace guestdump::util
