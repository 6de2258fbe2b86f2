// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "util/result.h"

namespace guestdump::dump {

/// How far a dump has come, in bytes of guest memory, and whether it is still wanted.
///
/// A running dump and the main loop both touch it. Any thread.
class Progress {
  public:
    void add(uint64_t bytes) { completed_.fetch_add(bytes, std::memory_order_relaxed); }
    uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }

    void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

    /// An Error once cancel() was called; writers ask between chunks.
    util::Result<> check() const {
        if (cancelled()) return util::Error::make("cancelled");
        return {};
    }

  private:
    std::atomic<uint64_t> completed_{0};
    std::atomic<bool> cancelled_{false};
};

}  // namespace guestdump::dump
