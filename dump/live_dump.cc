// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/live_dump.h"

#include <chrono>
#include <ctime>
#include <utility>

#include "dump/paused_guest.h"

namespace guestdump::dump {

Result<Capture> LiveDump::reach_moment(const std::function<void()>& ask) {
    TRY(view_->arm(given_up_));
    ask();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return captured_ || (given_up_.cancelled() && !taking_); });
    if (!captured_) return Error::make("cancelled");
    return std::move(*captured_);
}

void LiveDump::take_moment() {
    {
        const std::lock_guard lock(mutex_);
        if (given_up_.cancelled() || taking_) return;
        taking_ = true;
    }
    Result<Capture> captured = stop_and_capture();
    const std::lock_guard lock(mutex_);
    if (captured) moment_ = captured->moment;
    captured_.emplace(std::move(captured));
    changed_.notify_all();
}

Result<Capture> LiveDump::stop_and_capture() {
    using Clock = std::chrono::steady_clock;
    const bool ran = guest_.running();
    const Clock::time_point before = Clock::now();
    PausedGuest hold = TRY(PausedGuest::enter(guest_));
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    TRY(view_->freeze());
    Capture capture = TRY(Capture::of(guest_, view_));
    hold.release();
    const auto stopped =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before);
    capture.moment = {.seconds = now.tv_sec,
                      .nanoseconds = static_cast<uint32_t>(now.tv_nsec),
                      .stopped_us = ran ? static_cast<uint64_t>(stopped.count()) : 0};
    return capture;
}

void LiveDump::give_up() {
    // The lock is held, so that reach_moment() cannot miss the notification between its test and
    // its wait.
    const std::lock_guard lock(mutex_);
    given_up_.cancel();
    changed_.notify_all();
}

std::optional<guest::LiveMoment> LiveDump::moment() const {
    const std::lock_guard lock(mutex_);
    return moment_;
}

}  // namespace guestdump::dump
