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

/// While it lives, the first signal by which a person ends a program cancels what this process is
/// at, and the next one ends the program.
class SignalWatch {
  public:
    /// @signals are held since before any other thread. @cancel is called on a thread of this.
    /// Errors: the system has no descriptor or no thread to give.
    static util::Result<std::unique_ptr<SignalWatch>> start(Signals signals,
                                                            std::function<void()> cancel);

    /// Cancels a dump. @progress and @sink must outlive this.
    static util::Result<std::unique_ptr<SignalWatch>> start(Signals signals,
                                                            dump::Progress& progress,
                                                            dump::Sink& sink);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// The signal that cancelled.
    std::optional<int> taken() const;

  private:
    SignalWatch(Signals signals, util::Wakeup over, std::function<void()> cancel)
        : signals_(std::move(signals)), over_(std::move(over)), cancel_(std::move(cancel)) {}

    void wait();

    std::optional<Signals> signals_;  ///< until one came
    util::Wakeup over_;               ///< raised when this is to go
    std::function<void()> cancel_;
    std::atomic<int> taken_{0};
    util::Thread thread_{};  ///< last: it uses the rest
};

/// The exit status that shells make of a program which @signal ended.
inline int status_of_signal(int signal) {
    return 128 + signal;
}

}  // namespace guestdump::tools
