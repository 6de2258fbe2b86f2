// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/signal_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

namespace guestdump::tools {

namespace {

/// Until one of @waits is readable.
void wait_for(std::span<pollfd> waits) {
    while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
    }
}

}  // namespace

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(Signals signals, dump::Progress& progress,
                                                        dump::Sink& sink) {
    return start(std::move(signals), [&progress, &sink] {
        progress.cancel();
        sink.interrupt();
    });
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(Signals signals,
                                                        std::function<void()> cancel) {
    util::UniqueFd over(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!over) return Error::from_errno(errno, "creating an eventfd");
    std::unique_ptr<SignalWatch> watch(
        new SignalWatch(std::move(signals), std::move(over), std::move(cancel)));
    watch->thread_ = TRY(util::Thread::start([watch = watch.get()] { watch->wait(); }));
    return watch;
}

SignalWatch::~SignalWatch() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(over_.get(), &one, sizeof one);
    thread_.join();
}

std::optional<int> SignalWatch::taken() const {
    const int signal = taken_;
    return signal != 0 ? std::optional(signal) : std::nullopt;
}

void SignalWatch::wait() {
    std::array<pollfd, 2> waits = {{
        {.fd = over_.get(), .events = POLLIN, .revents = 0},
        {.fd = signals_->fd(), .events = POLLIN, .revents = 0},
    }};
    wait_for(waits);
    if (waits[0].revents) return;
    const std::optional<int> signal = signals_->take();
    if (!signal) return;
    taken_ = *signal;
    cancel_();
    // They are no longer held back from this thread, as long as it is there: the next one ends the
    // process.
    signals_.reset();
    wait_for(std::span(waits).first(1));
}

}  // namespace guestdump::tools
