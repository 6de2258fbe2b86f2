// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/pipe_relay.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "dump/target/targets.h"

namespace guestdump::tools {

namespace {

constexpr size_t kAtOnce = size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<PipeRelay>> PipeRelay::start(int target, const std::string& name) {
    util::UniqueFd copy(::fcntl(target, F_DUPFD_CLOEXEC, 0));
    if (!copy) return Error::from_errno(errno, "copying the descriptor of '%s'", name.c_str());
    std::unique_ptr<dump::Sink> sink = TRY(dump::make_fd_sink(std::move(copy), name));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "making a pipe");
    util::UniqueFd output(ends[0]), input(ends[1]);
    // The default size of 64 KiB would cost one system call for every 16 pages.
    ::fcntl(output.get(), F_SETPIPE_SZ, static_cast<int>(kAtOnce));
    util::Wakeup stopped = TRY(util::Wakeup::create());
    util::Wakeup ended = TRY(util::Wakeup::create());
    std::unique_ptr<PipeRelay> relay(new PipeRelay(std::move(sink), std::move(output),
                                                   std::move(input), std::move(stopped),
                                                   std::move(ended)));
    relay->thread_ = std::jthread([self = relay.get()] {
        self->result_ = self->copy();
        self->output_.reset();
        self->ended_.raise();
    });
    return relay;
}

PipeRelay::~PipeRelay() {
    stop();
}

void PipeRelay::stop() {
    stopped_.raise();
    target_->interrupt();
}

Result<bool> PipeRelay::wait(std::chrono::milliseconds patience, int interrupt) {
    std::array<pollfd, 2> waits = {{
        {.fd = ended_.fd(), .events = POLLIN, .revents = 0},
        {.fd = interrupt, .events = POLLIN, .revents = 0},
    }};
    const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(patience.count()));
    if (ready > 0 && waits[1].revents) return Error::from_errno(EINTR, "waiting for the target");
    return ready > 0 && waits[0].revents != 0;
}

Result<> PipeRelay::finish() {
    thread_.join();
    return result_;
}

Result<> PipeRelay::copy() {
    std::vector<std::byte> buffer(kAtOnce);
    uint64_t copied = 0;
    while (true) {
        const bool comes = TRY(util::wait_for(output_.get(), POLLIN, stopped_.fd()));
        if (!comes) return Error::make("cancelled");
        const ssize_t size = ::read(output_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return Error::from_errno(errno, "reading what the machine writes");
        if (size == 0) return end(copied);
        TRY(target_->write_at(copied, std::span(buffer).first(static_cast<size_t>(size))));
        copied += static_cast<size_t>(size);
    }
}

Result<> PipeRelay::end(uint64_t size) {
    TRY(target_->finish(size));
    return target_->commit();
}

}  // namespace guestdump::tools
