// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace guestdump::vm {

/// A host thread that runs one vCPU when it is told to, and stands still otherwise.
///
/// Made standing still. What the vCPU's thread wrote is seen by whoever came back from
/// wait_stopped(), and what was written before run() is seen by the vCPU's thread.
class VcpuThread {
  public:
    /// What the vCPU does, on its thread, at each run(); returns soon after stop_requested(), or
    /// earlier where it cannot go on.
    using Execute = std::function<void(VcpuThread&)>;
    /// Gets the thread out of whatever would keep it from seeing stop_requested(); called by
    /// request_stop().
    using Kick = std::function<void(pthread_t)>;

    VcpuThread(Execute execute, Kick kick);
    /// Stops, and ends the thread.
    ~VcpuThread();
    VcpuThread(const VcpuThread&) = delete;
    VcpuThread& operator=(const VcpuThread&) = delete;

    // For the owner.
    void run();
    void request_stop();
    void wait_stopped();
    /// As the host's kernel names the thread.
    pid_t id() const { return id_; }

    // For Execute.
    bool stop_requested() const { return stop_.load(std::memory_order_relaxed); }
    void wait_for_stop_request();
    /// As wait_for_stop_request(), but no longer than @patience.
    void pause(std::chrono::microseconds patience);

  private:
    enum class State : uint8_t { starting, stopped, running, ending };

    void main();

    const Execute execute_;
    const Kick kick_;
    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::starting;
    /// Written under the mutex; also read without it, once for each of the vCPU's steps.
    std::atomic<bool> stop_ = false;
    pid_t id_ = 0;
    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace guestdump::vm
