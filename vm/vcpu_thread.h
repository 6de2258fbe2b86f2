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

/// A host thread that runs one vCPU between run() and a stop request, and waits otherwise.
///
/// It waits at first. run() and wait_stopped() synchronise memory: the thread sees all writes made
/// before run(), and the caller sees the thread's writes after wait_stopped().
class VcpuThread {
  public:
    /// Called on this thread after each run(); runs the vCPU. Returns soon after stop_requested()
    /// becomes true, or earlier if the vCPU cannot continue.
    using Execute = std::function<void(VcpuThread&)>;
    /// Called by request_stop(): interrupts whatever keeps the thread from checking
    /// stop_requested().
    using Kick = std::function<void(pthread_t)>;

    VcpuThread(Execute execute, Kick kick);
    /// Stops and ends the thread.
    ~VcpuThread();
    VcpuThread(const VcpuThread&) = delete;
    VcpuThread& operator=(const VcpuThread&) = delete;

    // Functions for the owner.
    void run();
    void request_stop();
    void wait_stopped();
    /// Host thread ID (TID).
    pid_t id() const { return id_; }

    // Functions for Execute.
    bool stop_requested() const { return stop_.load(std::memory_order_relaxed); }
    void wait_for_stop_request();
    /// As wait_for_stop_request(), but waits no longer than @patience.
    void pause(std::chrono::microseconds patience);

  private:
    enum class State : uint8_t { starting, stopped, running, ending };

    void main();

    const Execute execute_;
    const Kick kick_;
    std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::starting;
    /// Written with the mutex held; also read without it, once per vCPU step.
    std::atomic<bool> stop_ = false;
    pid_t id_ = 0;
    std::jthread thread_;  ///< last, because it uses all members above
};

}  // namespace guestdump::vm
