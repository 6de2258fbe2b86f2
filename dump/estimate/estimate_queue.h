// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "dump/estimate/size_estimate.h"
#include "util/thread.h"
#include "util/weak_this.h"

namespace guestdump::dump {

/// Estimates of what dumps would take, one after the other on a thread of their own: memory that
/// the host has to fetch first may take a second. The guest runs meanwhile.
///
/// All functions: main loop.
class EstimateQueue {
  public:
    /// Estimates that may wait for the one under way.
    static constexpr size_t kMostWaiting = 64;

    /// As DumpState's.
    using Post = std::function<void(std::function<void()>)>;
    /// Takes the guest's snapshot, on the main loop, when the estimate's turn has come: of those
    /// that wait there is none.
    using Take = std::function<Result<Snapshot>()>;
    /// Called on the main loop, once.
    using Done = std::function<void(Result<SizeEstimate>)>;
    /// What who waits for an estimate holds. When it goes, one that waits is dropped, one under way
    /// ends at its next page, and nobody is called. It may outlive the queue.
    using Claim = std::shared_ptr<void>;

    explicit EstimateQueue(Post post);
    /// Waits until the estimate under way has ended. Who still waits for one is not called.
    ~EstimateQueue();
    EstimateQueue(const EstimateQueue&) = delete;
    EstimateQueue& operator=(const EstimateQueue&) = delete;

    /// @done gets what estimate_size() gives, later. Errors, here or to @done: kMostWaiting wait
    /// already, those of @take, there is no thread to be had.
    Result<Claim> add(Take take, const Request& request, Done done);

  private:
    struct Job;

    Result<> begin(const std::shared_ptr<Job>& job);
    void begin_next();
    void conclude();
    void drop(const std::shared_ptr<Job>& job);

    Post post_;
    std::deque<std::shared_ptr<Job>> jobs_;  ///< the first is under way; never empty beside thread_
    util::Thread thread_{};
    util::WeakThis<EstimateQueue> weak_this_;  ///< for what is posted, and for claims
};

}  // namespace guestdump::dump
