// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace guestdump::tools {

namespace {

constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int number) {
    struct sigaction action;
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Result<Signals> Signals::hold() {
    sigset_t held, before;
    sigemptyset(&held);
    for (const int number : kEnding) {
        // Signals may be ignored under nohup and in the background of a script. Held signals are
        // delivered to signalfd even if they are ignored.
        if (!is_ignored(number)) sigaddset(&held, number);
    }
    util::UniqueFd fd(::signalfd(-1, &held, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "creating a signalfd");
    ::pthread_sigmask(SIG_BLOCK, &held, &before);
    return Signals(std::move(fd), before);
}

void Signals::ignore() {
    for (const int number : kEnding) std::signal(number, SIG_IGN);
}

Signals::~Signals() {
    if (fd_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> Signals::take() const {
    signalfd_siginfo info;
    if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

}  // namespace guestdump::tools
