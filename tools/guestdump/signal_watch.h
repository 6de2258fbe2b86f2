// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "dump/progress.h"
#include "dump/target/sink.h"
#include "tools/guestdump/signals.h"
#include "util/thread.h"
#include "util/wakeup.h"

namespace guestdump::tools {

/// While it exists, the first signal that asks the program to end cancels the current operation,
/// and the next one ends the program.
class SignalWatch {
  public:
    /// @signals must have been held since before any other thread was started. @cancel is called on
    /// a thread of this object. Errors: the system has no descriptors or threads left.
    static util::Result<std::unique_ptr<SignalWatch>> start(Signals signals,
                                                            std::function<void()> cancel);

    /// Cancels a dump. @progress and @sink must outlive this.
    static util::Result<std::unique_ptr<SignalWatch>> start(Signals signals,
                                                            dump::Progress& progress,
                                                            dump::Sink& sink);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// Returns the signal that cancelled.
    std::optional<int> taken() const;

  private:
    SignalWatch(Signals signals, util::Wakeup over, std::function<void()> cancel)
        : signals_(std::move(signals)), over_(std::move(over)), cancel_(std::move(cancel)) {}

    void wait();

    std::optional<Signals> signals_;  ///< empty after the first one
    util::Wakeup over_;               ///< raised by the destructor
    std::function<void()> cancel_;
    std::atomic<int> taken_{0};
    util::Thread thread_{};  ///< last: it uses the other members
};

/// Returns the exit status that shells report for a program that @signal ended.
inline int status_of_signal(int signal) {
    return 128 + signal;
}

}  // namespace guestdump::tools
