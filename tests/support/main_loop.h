// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace guestdump::support {

/// A minimal main loop: runs what other threads post, on the thread of the test.
class MainLoop {
  public:
    /// For code that posts functions to the main loop. Must not outlive the loop.
    std::function<void(std::function<void()>)> post() {
        return [this](std::function<void()> function) {
            const std::lock_guard lock(mutex_);
            queue_.push_back(std::move(function));
            posted_.notify_one();
        };
    }

    /// Runs what is posted until @done. The test's time limit ends an endless wait.
    void run_until(const std::function<bool()>& done) {
        while (!done()) {
            std::unique_lock lock(mutex_);
            posted_.wait(lock, [this] { return !queue_.empty(); });
            const std::function<void()> function = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            function();
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<std::function<void()>> queue_;
};

}  // namespace guestdump::support
