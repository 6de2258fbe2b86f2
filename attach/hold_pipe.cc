// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/hold_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace guestdump::attach {

Result<HoldPipe> HoldPipe::create() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno(errno, "creating a pipe");
    HoldPipe pipe{util::UniqueFd(ends[0]), util::UniqueFd(ends[1])};
    constexpr int kLeast = 4096;  // the kernel rounds it up to a page
    if (::fcntl(pipe.output(), F_SETPIPE_SZ, kLeast) < 0)
        return Error::from_errno(errno, "making a pipe small");
    return pipe;
}

Result<> HoldPipe::read(std::span<std::byte> out, int interrupt) const {
    while (!out.empty()) {
        std::array<pollfd, 2> waits = {{
            {.fd = output_.get(), .events = POLLIN, .revents = 0},
            {.fd = interrupt, .events = POLLIN, .revents = 0},
        }};
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return Error::from_errno(errno, "waiting for the machine's dump");
        }
        if (waits[1].revents) return Error::from_errno(EINTR, "waiting for the machine's dump");
        const ssize_t got = ::read(output_.get(), out.data(), out.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading the machine's dump");
        if (got == 0) return Error::make("the machine ended its dump ahead of guest memory");
        out = out.subspan(static_cast<size_t>(got));
    }
    return {};
}

bool HoldPipe::has_ended() const {
    pollfd wait{.fd = output_.get(), .events = 0, .revents = 0};
    return ::poll(&wait, 1, 0) > 0 && (wait.revents & POLLHUP);
}

}  // namespace guestdump::attach
