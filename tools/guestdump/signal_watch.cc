// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/signal_watch.h"

#include <poll.h>

namespace guestdump::tools {

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(Signals signals, dump::Progress& progress,
                                                        dump::Sink& sink) {
    return start(std::move(signals), [&progress, &sink] {
        progress.cancel();
        sink.interrupt();
    });
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(Signals signals,
                                                        std::function<void()> cancel) {
    util::Wakeup over = TRY(util::Wakeup::create());
    std::unique_ptr<SignalWatch> watch(
        new SignalWatch(std::move(signals), std::move(over), std::move(cancel)));
    watch->thread_ = TRY(util::Thread::start([watch = watch.get()] { watch->wait(); }));
    return watch;
}

SignalWatch::~SignalWatch() {
    over_.raise();
    thread_.join();
}

std::optional<int> SignalWatch::taken() const {
    const int signal = taken_;
    return signal != 0 ? std::optional(signal) : std::nullopt;
}

void SignalWatch::wait() {
    const Result<bool> came = util::wait_for(signals_->fd(), POLLIN, over_.fd());
    if (!came || !*came) return;
    const std::optional<int> signal = signals_->take();
    if (!signal) return;
    taken_ = *signal;
    cancel_();
    // This thread no longer holds the signals back, so the next one ends the process.
    signals_.reset();
    (void)util::wait_for(-1, 0, over_.fd());
}

}  // namespace guestdump::tools
