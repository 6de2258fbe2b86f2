// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "dump/size_estimate.h"
#include "util/thread.h"

namespace dump {

/// Estimates of what dumps would take, one after the other on a thread of their own: memory that
/// the host has to fetch first may take a second. The guest runs meanwhile.
///
/// All functions: main loop.
class EstimateQueue {
  public:
    /// As DumpState's.
    using Post = std::function<void(std::function<void()>)>;
    /// Called on the main loop, once.
    using Done = std::function<void(Result<SizeEstimate>)>;

    explicit EstimateQueue(Post post);
    /// Waits for the estimate under way. Who still waits for one is not called.
    ~EstimateQueue();
    EstimateQueue(const EstimateQueue&) = delete;
    EstimateQueue& operator=(const EstimateQueue&) = delete;

    /// @done gets what estimate_size() gives, or that there is no thread to be had.
    void add(Snapshot snapshot, const Request& request, Done done);

  private:
    struct Job;

    void run_next();
    void conclude();

    Post post_;
    std::deque<std::shared_ptr<Job>> jobs_;  ///< the first is under way; never empty beside thread_
    util::Thread thread_{};
    std::shared_ptr<EstimateQueue*> alive_;  ///< what was posted holds it weakly
};

}  // namespace dump
