// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/vcpu_thread.h"

#include <unistd.h>

#include <utility>

namespace guestdump::vm {

VcpuThread::VcpuThread(Execute execute, Kick kick)
    : execute_(std::move(execute)), kick_(std::move(kick)), thread_([this] { main(); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_ != State::starting; });
}

VcpuThread::~VcpuThread() {
    request_stop();
    wait_stopped();
    const std::lock_guard lock(mutex_);
    state_ = State::ending;
    changed_.notify_all();
}

void VcpuThread::main() {
    std::unique_lock lock(mutex_);
    id_ = gettid();
    for (;;) {
        state_ = State::stopped;
        changed_.notify_all();
        changed_.wait(lock, [this] { return state_ != State::stopped; });
        if (state_ == State::ending) return;
        lock.unlock();
        execute_(*this);
        lock.lock();
    }
}

void VcpuThread::run() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::stopped) return;
    stop_ = false;
    state_ = State::running;
    changed_.notify_all();
}

void VcpuThread::request_stop() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::running) return;
    stop_ = true;
    changed_.notify_all();
    kick_(thread_.native_handle());
}

void VcpuThread::wait_stopped() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return state_ == State::stopped; });
}

void VcpuThread::wait_for_stop_request() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_requested(); });
}

void VcpuThread::pause(std::chrono::microseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return stop_requested(); });
}

}  // namespace guestdump::vm
