// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

namespace guestdump::util {

Result<Wakeup> Wakeup::create() {
    UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return Error::from_errno(errno, "creating an eventfd");
    return Wakeup(std::move(event));
}

void Wakeup::raise() const {
    // Fails only if the counter is at its maximum: then the flag is raised already.
    (void)::eventfd_write(event_.get(), 1);
}

bool Wakeup::is_raised() const {
    pollfd wait{.fd = event_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) > 0;
}

bool Wakeup::take() const {
    eventfd_t times = 0;
    return ::eventfd_read(event_.get(), &times) == 0;
}

Result<bool> wait_for(int fd, short events, int stop) {
    std::array<pollfd, 2> waits = {{
        {.fd = fd, .events = events, .revents = 0},
        {.fd = stop, .events = POLLIN, .revents = 0},
    }};
    while (::poll(waits.data(), waits.size(), -1) < 0) {
        if (errno != EINTR) return Error::from_errno(errno, "waiting for descriptor %d", fd);
    }
    return waits[1].revents == 0;
}

}  // namespace guestdump::util
