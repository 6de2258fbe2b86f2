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

/// Looks at a guest's memory while the guest runs, one inspection after the other on a thread of
/// their own: what a dump would take, whether there is a VMCOREINFO. Memory that the host has to
/// fetch first, and a guest of any size, may take seconds.
///
/// All functions: main loop.
class InspectionQueue {
  public:
    /// Inspections that may wait for the one under way.
    static constexpr size_t kMostWaiting = 64;

    /// As DumpState's.
    using Post = std::function<void(std::function<void()>)>;
    /// Captures the guest, on the main loop, when the inspection's turn has come: none is held for
    /// those that wait.
    using Take = std::function<Result<Capture>()>;
    /// Runs on the thread. It asks the cancellation between steps that are short.
    template <class T>
    using Work = std::function<Result<T>(const Capture&, const util::Cancellation&)>;
    /// Called on the main loop, once.
    template <class T>
    using Done = std::function<void(Result<T>)>;
    /// Held by the requester. When it goes, a waiting inspection is dropped, one under way is
    /// cancelled, and nobody is called. It may outlive the queue.
    using Claim = std::shared_ptr<void>;

    explicit InspectionQueue(Post post);
    /// Cancels the inspection under way and waits for its end. Nobody is called.
    ~InspectionQueue();
    InspectionQueue(const InspectionQueue&) = delete;
    InspectionQueue& operator=(const InspectionQueue&) = delete;

    /// @done gets the result of @work later. Errors, here or to @done: kMostWaiting wait already,
    /// those of @take, there is no thread to be had.
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
    std::deque<std::shared_ptr<Job>> jobs_;  ///< the first is under way, on thread_
    util::Thread thread_{};
    util::WeakThis<InspectionQueue> weak_this_;  ///< for posted functions and claims
};

}  // namespace guestdump::dump
