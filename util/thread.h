// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>

#include "util/result.h"

namespace guestdump::util {

/// A thread, joined when it goes. std::thread ends the process where the system has no thread to
/// give; this is an Error.
class Thread {
  public:
    /// Calls @function on a new thread. Errors: the system's.
    static Result<Thread> start(std::function<void()> function);

    Thread() = default;
    Thread(Thread&& other) noexcept;
    Thread& operator=(Thread&& other) noexcept;
    ~Thread() { join(); }

    /// Returns when the thread has ended; at once where there is none.
    void join();

  private:
    pthread_t id_{};
    bool joinable_ = false;
};

}  // namespace guestdump::util
