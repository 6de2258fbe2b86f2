// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "dump/capture.h"
#include "guest/guest.h"
#include "guest/live_moment.h"
#include "guest/live_view.h"
#include "util/cancellation.h"

namespace guestdump::dump {

/// A dump of a running guest: the synchronization of the dump thread and the main loop at the
/// moment that the dump shows. docs/live.md describes the order of events.
class LiveDump {
  public:
    /// @guest must outlive this.
    LiveDump(guest::Guest& guest, std::shared_ptr<guest::LiveView> view)
        : guest_(guest), view_(std::move(view)) {}
    ~LiveDump() { view_->end(); }
    LiveDump(const LiveDump&) = delete;
    LiveDump& operator=(const LiveDump&) = delete;

    /// The memory that the dump reads; valid as long as this object.
    guest::LiveView& view() const { return *view_; }

    /// Prepares memory while the guest runs, calls @ask, which makes the main loop call
    /// take_moment(), waits for that, and returns the captured state. Dump thread.
    ///
    /// Errors: those of LiveView and of the capture; "cancelled" after give_up().
    Result<Capture> reach_moment(const std::function<void()>& ask);

    /// Stops the guest, captures its state, and resumes it. Does nothing after give_up(). Main
    /// loop.
    void take_moment();

    /// Makes reach_moment() return with an error. Any thread.
    void give_up();

    /// The moment, and for how long the guest was stopped; empty before take_moment(). Any thread.
    std::optional<guest::LiveMoment> moment() const;

  private:
    Result<Capture> stop_and_capture();

    guest::Guest& guest_;
    const std::shared_ptr<guest::LiveView> view_;
    util::Cancellation given_up_;
    mutable std::mutex mutex_;  ///< protects the members below
    std::condition_variable changed_;
    bool taking_ = false;  ///< take_moment() is running or has ended
    std::optional<Result<Capture>> captured_;
    std::optional<guest::LiveMoment> moment_;
};

}  // namespace guestdump::dump
