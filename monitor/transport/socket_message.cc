// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/socket_message.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace guestdump::monitor {
namespace {

constexpr size_t kMaxFds = 16;

void take_fds(msghdr& message, std::vector<util::UniqueFd>& fds) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            fds.emplace_back(fd);
        }
    }
}

}  // namespace

Received receive(int fd, std::span<char> buffer) {
    alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
    iovec bytes = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message = {};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;

    Received received{.size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC), .fds = {}};
    if (received.size >= 0) {
        take_fds(message, received.fds);
    } else if (errno == ENOTSOCK) {
        received.size = read(fd, buffer.data(), buffer.size());
    }
    return received;
}

}  // namespace guestdump::monitor
