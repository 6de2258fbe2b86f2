// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_to.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "dump/dump_state.h"
#include "util/result.h"

namespace guestdump::dump {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How long a cancellation may go unnoticed.
constexpr milliseconds kLongestWait{20};

/// Least time between two reports, so that they cannot take all of the caller's time.
constexpr milliseconds kShortestInterval{1};

/// What the dump thread asks the caller's thread to do.
class Inbox {
  public:
    /// Any thread.
    void post(std::function<void()> function) {
        // Under the lock to the end: the caller may destroy this as soon as it has the last one.
        const std::lock_guard lock(mutex_);
        functions_.push_back(std::move(function));
        posted_.notify_one();
    }

    /// Runs one function, if there is one before @deadline. The caller's thread.
    void run_one(Clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        if (!posted_.wait_until(lock, deadline, [this] { return !functions_.empty(); })) return;
        const std::function<void()> function = std::move(functions_.front());
        functions_.pop_front();
        lock.unlock();
        function();
    }

  private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<std::function<void()>> functions_;
};

DumpProgress::Phase phase_of(const qapi::DumpQueryResult& state) {
    using Phase = DumpProgress::Phase;
    switch (state.phase.value_or(qapi::DumpPhase::prepare)) {
        case qapi::DumpPhase::prepare:
            return Phase::prepare;
        case qapi::DumpPhase::filter:
            return Phase::filter;
        case qapi::DumpPhase::protect:
            return Phase::protect;
        case qapi::DumpPhase::memory:
            return Phase::memory;
        case qapi::DumpPhase::commit:
            return Phase::commit;
    }
    return Phase::prepare;
}

/// A dump and the loop that waits for it.
class BlockingDump {
  public:
    BlockingDump(guest::Guest& guest, const DumpControl& control)
        : control_(control),
          state_(guest, [this](std::function<void()> step) { inbox_.post(std::move(step)); }) {}

    Result<DumpReport> run(const Request& request, std::unique_ptr<Sink> target) {
        if (cancel_is_wanted()) return cancelled();
        TRY(state_.start(request, std::move(target),
                         [this](const DumpState::Outcome& outcome) { outcome_ = outcome; }));
        while (!outcome_) {
            inbox_.run_one(deadline());
            if (!outcome_) follow();
        }
        if (outcome_->error && cancelled_) return cancelled();
        if (outcome_->error) return *outcome_->error;
        return DumpReport{.memory = outcome_->result.completed, .warnings = outcome_->warnings};
    }

  private:
    static Error cancelled() { return Error::make("cancelled").as(Error::Kind::cancelled); }

    bool reports() const { return control_.on_progress && !cancelled_; }

    Clock::time_point deadline() const {
        const Clock::time_point soon = Clock::now() + kLongestWait;
        return reports() ? std::min(soon, next_report_) : soon;
    }

    bool cancel_is_wanted() const {
        return control_.cancellation != nullptr && control_.cancellation->cancelled();
    }

    void follow() {
        bool wanted = !cancel_is_wanted();
        if (reports() && Clock::now() >= next_report_) {
            const qapi::DumpQueryResult now = state_.query();
            next_report_ = Clock::now() + std::max(control_.interval, kShortestInterval);
            wanted &= control_.on_progress(
                {.phase = phase_of(now), .completed = now.completed, .total = now.total});
        }
        if (wanted || cancelled_) return;
        cancelled_ = true;
        state_.cancel();
    }

    const DumpControl& control_;
    Inbox inbox_;
    DumpState state_;  ///< after @inbox_, which its thread uses
    std::optional<DumpState::Outcome> outcome_;
    Clock::time_point next_report_ = Clock::now();
    bool cancelled_ = false;
};

}  // namespace

Result<DumpReport> dump_to(guest::Guest& guest, const Request& request,
                           std::unique_ptr<Sink> target, const DumpControl& control) {
    return BlockingDump(guest, control).run(request, std::move(target));
}

}  // namespace guestdump::dump
