// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <pthread.h>

#include <functional>
#include <memory>

#include "util/result.h"

namespace guestdump::util {

/// A thread, joined by the destructor. If the system cannot start another thread, start() returns
/// an Error; std::thread would end the process.
class Thread {
  public:
    /// Calls @function on a new thread, which has all signals blocked except those that report a
    /// fault of its own: handlers run on the threads of the program, and a write to a pipe without
    /// a reader is only an error. Errors: the system's.
    static Result<Thread> start(std::function<void()> function);

    Thread() = default;
    Thread(Thread&& other) noexcept;
    Thread& operator=(Thread&& other) noexcept;
    ~Thread() { join(); }

    /// Waits until the thread has ended. Returns at once if there is none.
    void join();

  private:
    pthread_t id_{};
    bool joinable_ = false;
};

}  // namespace guestdump::util
