// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/thread.h"

#include <csignal>
#include <utility>

namespace guestdump::util {
namespace {

void* run(void* function) {
    const std::unique_ptr<std::function<void()>> owned(
        static_cast<std::function<void()>*>(function));
    (*owned)();
    return nullptr;
}

/// Blocks signals on this thread as long as it exists. A thread that is created meanwhile inherits
/// the mask.
class BlockedSignals {
  public:
    BlockedSignals() {
        sigset_t mask;
        sigfillset(&mask);
        for (const int fault : {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP})
            sigdelset(&mask, fault);
        pthread_sigmask(SIG_BLOCK, &mask, &before_);
    }
    ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

  private:
    sigset_t before_;
};

}  // namespace

Result<Thread> Thread::start(std::function<void()> function) {
    auto owned = std::make_unique<std::function<void()>>(std::move(function));
    Thread thread;
    const BlockedSignals blocked;
    const int failure = pthread_create(&thread.id_, nullptr, run, owned.get());
    if (failure != 0) return Error::from_errno(failure, "starting a thread");
    [[maybe_unused]] const auto* its_own = owned.release();
    thread.joinable_ = true;
    return thread;
}

Thread::Thread(Thread&& other) noexcept
    : id_(other.id_), joinable_(std::exchange(other.joinable_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
    join();
    id_ = other.id_;
    joinable_ = std::exchange(other.joinable_, false);
    return *this;
}

void Thread::join() {
    if (std::exchange(joinable_, false)) pthread_join(id_, nullptr);
}

}  // namespace guestdump::util
