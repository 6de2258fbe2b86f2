// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate_queue.h"

#include <optional>
#include <utility>

namespace dump {

struct EstimateQueue::Job {
    Snapshot snapshot;
    Request request;
    Done done;
    std::optional<Result<SizeEstimate>> size{};  ///< the thread's until it has posted

    void run() { size = estimate_size(snapshot, request, RamSource(snapshot.blocks)); }
};

EstimateQueue::EstimateQueue(Post post)
    : post_(std::move(post)), alive_(std::make_shared<EstimateQueue*>(this)) {}

EstimateQueue::~EstimateQueue() = default;

void EstimateQueue::add(Snapshot snapshot, const Request& request, Done done) {
    jobs_.push_back(std::make_shared<Job>(Job{std::move(snapshot), request, std::move(done)}));
    if (jobs_.size() == 1) run_next();
}

void EstimateQueue::run_next() {
    while (!jobs_.empty()) {
        const std::shared_ptr<Job> job = jobs_.front();
        auto started = util::Thread::start([this, job, alive = std::weak_ptr(alive_)] {
            job->run();
            post_([alive] {
                if (const auto self = alive.lock()) (*self)->conclude();
            });
        });
        if (started) {
            thread_ = std::move(started).take();
            return;
        }
        jobs_.pop_front();
        job->done(std::move(started).take_error());
    }
}

void EstimateQueue::conclude() {
    thread_.join();
    const std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    run_next();
    job->done(std::move(*job->size));
}

}  // namespace dump
