// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "dump/capture.h"
#include "util/cancellation.h"
#include "util/thread.h"
#include "util/weak_this.h"

namespace guestdump::dump {

/// Inspects a guest's memory while the guest runs, one inspection at a time, on a thread: how large
/// a dump would be, whether there is a VMCOREINFO. An inspection may take seconds, if the guest is
/// large or the host must fetch its memory first.
///
/// All functions: main loop.
class InspectionQueue {
  public:
    /// Inspections that may wait for the running one.
    static constexpr size_t kMostWaiting = 64;

    /// As in DumpState.
    using Post = std::function<void(std::function<void()>)>;
    /// Captures the guest, on the main loop, when it is the inspection's turn, so that waiting
    /// inspections hold no capture.
    using Take = std::function<Result<Capture>()>;
    /// Runs on the thread. Checks the cancellation between short steps.
    template <class T>
    using Work = std::function<Result<T>(const Capture&, const util::Cancellation&)>;
    /// Called on the main loop, once.
    template <class T>
    using Done = std::function<void(Result<T>)>;
    /// Held by the requester. Releasing it drops a waiting inspection or cancels a running one, and
    /// Done is not called. It may outlive the queue.
    using Claim = std::shared_ptr<void>;

    explicit InspectionQueue(Post post);
    /// Cancels the running inspection and waits for its end. No Done is called.
    ~InspectionQueue();
    InspectionQueue(const InspectionQueue&) = delete;
    InspectionQueue& operator=(const InspectionQueue&) = delete;

    /// Calls @done with the result of @work later. Errors, returned or passed to @done:
    /// kMostWaiting inspections wait already; those of @take; no thread can be created.
    template <class T>
    Result<Claim> add(Take take, Work<T> work, Done<T> done) {
        const auto result = std::make_shared<std::optional<Result<T>>>();
        Steps steps{
            .take = std::move(take),
            .work =
                [result, work = std::move(work)](const Capture& capture,
                                                 const util::Cancellation& cancellation) {
                    *result = work(capture, cancellation);
                },
            .tell = [result, done] { done(std::move(**result)); },
            .fail = [done](Error error) { done(std::move(error)); },
        };
        return add_steps(std::move(steps));
    }

  private:
    /// An inspection without the type of its result.
    struct Steps {
        Take take;
        std::function<void(const Capture&, const util::Cancellation&)> work;
        std::function<void()> tell;
        std::function<void(Error)> fail;
    };
    struct Job;

    Result<Claim> add_steps(Steps steps);
    Result<> begin(const std::shared_ptr<Job>& job);
    void begin_next();
    void conclude();
    void drop(const std::shared_ptr<Job>& job);

    Post post_;
    std::deque<std::shared_ptr<Job>> jobs_;  ///< the first is running, on thread_
    util::Thread thread_{};
    util::WeakThis<InspectionQueue> weak_this_;  ///< for posted functions and claims
};

}  // namespace guestdump::dump
