// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "util/cancellation.h"
#include "util/result.h"

namespace guestdump::dump {

/// How far a dump has come, in bytes of guest memory, and whether it is still wanted.
///
/// A running dump and the main loop both use it. Any thread.
class Progress {
  public:
    void add(uint64_t bytes) { completed_.fetch_add(bytes, std::memory_order_relaxed); }
    uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }

    /// Preparation is over: pages are being written.
    void begin_memory() { in_memory_.store(true, std::memory_order_relaxed); }
    bool in_memory() const { return in_memory_.load(std::memory_order_relaxed); }

    void cancel() { cancellation_.cancel(); }
    bool cancelled() const { return cancellation_.cancelled(); }
    const util::Cancellation& cancellation() const { return cancellation_; }

    /// An Error once cancel() was called; writers ask between chunks.
    Result<> check() const { return cancellation_.check(); }

  private:
    std::atomic<uint64_t> completed_{0};
    std::atomic<bool> in_memory_{false};
    util::Cancellation cancellation_;
};

}  // namespace guestdump::dump
