// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>

#include "util/error.h"

namespace guestdump::util {

/// Lets one thread cancel the work of another. The worker checks it between steps that are short
/// enough for a person to wait for. Any thread.
class Cancellation {
  public:
    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    /// An Error once cancel() was called.
    Result<> check() const {
        if (cancelled()) return Error::make("cancelled");
        return {};
    }

  private:
    std::atomic<bool> cancelled_{false};
};

}  // namespace guestdump::util
