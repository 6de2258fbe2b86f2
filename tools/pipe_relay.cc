// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/pipe_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

namespace tools {

using util::Error;
using util::Result;

namespace {

constexpr size_t kAtOnce = size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<PipeRelay>> PipeRelay::start(int target, const std::string& name) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "making a pipe");
    util::UniqueFd output(ends[0]), input(ends[1]);
    // As large as it may be: the default of 64 KiB would make a system call of every 16 pages.
    ::fcntl(output.get(), F_SETPIPE_SZ, static_cast<int>(kAtOnce));
    util::UniqueFd stopped(::eventfd(0, EFD_CLOEXEC));
    if (!stopped) return Error::from_errno(errno, "creating an eventfd");
    std::unique_ptr<PipeRelay> relay(
        new PipeRelay(target, name, std::move(output), std::move(input), std::move(stopped)));
    relay->thread_ = std::jthread([self = relay.get()] {
        self->result_ = self->copy();
        self->output_.reset();
    });
    return relay;
}

PipeRelay::~PipeRelay() {
    stop();
}

void PipeRelay::stop() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stopped_.get(), &one, sizeof one);
}

Result<> PipeRelay::finish() {
    thread_.join();
    return result_;
}

/// False: stop() was called.
bool PipeRelay::wait() {
    std::array<pollfd, 2> waits = {{
        {.fd = output_.get(), .events = POLLIN, .revents = 0},
        {.fd = stopped_.get(), .events = POLLIN, .revents = 0},
    }};
    while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
    return waits[1].revents == 0;
}

Result<> PipeRelay::copy() {
    std::vector<char> buffer(kAtOnce);
    while (wait()) {
        const ssize_t size = ::read(output_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return Error::from_errno(errno, "reading what the machine writes");
        if (size == 0) return {};
        TRY(write_all(buffer.data(), static_cast<size_t>(size)));
    }
    return Error::make("cancelled");
}

Result<> PipeRelay::write_all(const char* data, size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(target_, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            return Error::from_errno(errno, "writing %zu bytes to '%s'", size, name_.c_str());
        data += written;
        size -= static_cast<size_t>(written);
    }
    return {};
}

}  // namespace tools
