// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "util/cancellation.h"
#include "util/result.h"

namespace guestdump::dump {

/// The progress of a dump, in bytes of guest memory, and its cancellation.
///
/// Shared by the running dump and the main loop. Any thread.
class Progress {
  public:
    void add(uint64_t bytes) { completed_.fetch_add(bytes, std::memory_order_relaxed); }
    uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }

    /// Marks the end of the preparation: from now on pages are written.
    void begin_memory() { in_memory_.store(true, std::memory_order_relaxed); }
    bool in_memory() const { return in_memory_.load(std::memory_order_relaxed); }

    /// The pages are being judged: which of them the dump leaves out. @bytes of memory have been.
    void judged(uint64_t bytes) {
        judged_.store(bytes, std::memory_order_relaxed);
        in_filter_.store(true, std::memory_order_relaxed);
    }
    bool in_filter() const { return in_filter_.load(std::memory_order_relaxed); }
    uint64_t judged() const { return judged_.load(std::memory_order_relaxed); }

    void cancel() { cancellation_.cancel(); }
    bool cancelled() const { return cancellation_.cancelled(); }
    const util::Cancellation& cancellation() const { return cancellation_; }

    /// Fails once cancel() was called. Writers call it between chunks.
    Result<> check() const { return cancellation_.check(); }

  private:
    std::atomic<uint64_t> completed_{0};
    std::atomic<uint64_t> judged_{0};
    std::atomic<bool> in_filter_{false};
    std::atomic<bool> in_memory_{false};
    util::Cancellation cancellation_;
};

}  // namespace guestdump::dump
