// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "dump/progress.h"
#include "dump/sink.h"
#include "tools/signals.h"
#include "util/thread.h"

namespace tools {

/// While it lives, the first signal by which a person ends a program cancels a dump of this
/// process, and the next one ends the program.
class SignalWatch {
  public:
    /// @signals are held since before the dump's threads. @progress and @sink must outlive this.
    /// Errors: of eventfd(); no thread.
    static util::Result<std::unique_ptr<SignalWatch>> start(Signals signals,
                                                            dump::Progress& progress,
                                                            dump::Sink& sink);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// The signal that cancelled.
    std::optional<int> taken() const;

  private:
    SignalWatch(Signals signals, util::UniqueFd over, dump::Progress& progress, dump::Sink& sink)
        : signals_(std::move(signals)), over_(std::move(over)), progress_(progress), sink_(sink) {}

    void wait();

    std::optional<Signals> signals_;  ///< until one came
    util::UniqueFd over_;             ///< eventfd, readable when this is to go
    dump::Progress& progress_;
    dump::Sink& sink_;
    std::atomic<int> taken_{0};
    util::Thread thread_{};  ///< last: it uses the rest
};

/// The exit status that shells make of a program which @signal ended.
inline int status_of_signal(int signal) {
    return 128 + signal;
}

}  // namespace tools
