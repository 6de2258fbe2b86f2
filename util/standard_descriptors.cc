// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace guestdump::util {

Result<> occupy_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // open() returns the lowest free number, which is this one, because those below are in use.
        // The mode is wrong on purpose, so that reading and writing still fail.
        const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (::open("/dev/null", mode) < 0)
            return Error::from_errno(errno, "opening '/dev/null' as descriptor %d", fd);
    }
    return {};
}

}  // namespace guestdump::util
