// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/ordered_stages.h"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "util/thread.h"

namespace guestdump::util {
namespace {

/// The shared state of one run: a ring of jobs, each at a stage; one mutex over all of it.
class Run {
  public:
    Run(size_t slots, const StagePlan& plan)
        : plan_(plan), jobs_(slots), turn_(plan.stages.size(), 0) {}

    void work() {
        std::unique_lock lock(mutex_);
        while (!finished()) {
            if (const auto number = earliest_ready_job()) {
                run_stage(lock, *number);
            } else if (can_begin()) {
                begin(lock);
            } else {
                changed_.wait(lock);
            }
        }
        changed_.notify_all();
    }

    Result<> result() && {
        if (error_) return std::move(*error_);
        return {};
    }

  private:
    struct Job {
        size_t stage = 0;  ///< next stage to run
        bool busy = false;
    };

    /// Jobs are counted from the run's begin.
    Job& job(uint64_t number) { return jobs_[number % jobs_.size()]; }

    bool finished() const { return error_ || (no_more_ && first_ == next_); }

    bool can_begin() const { return !no_more_ && !beginning_ && next_ - first_ < jobs_.size(); }

    bool ready(uint64_t number) {
        const Job& candidate = job(number);
        if (candidate.busy || candidate.stage == plan_.stages.size()) return false;
        return plan_.stages[candidate.stage].order == Stage::Order::parallel ||
               turn_[candidate.stage] == number;
    }

    std::optional<uint64_t> earliest_ready_job() {
        for (uint64_t number = first_; number < next_; ++number) {
            if (ready(number)) return number;
        }
        return std::nullopt;
    }

    void run_stage(std::unique_lock<std::mutex>& lock, uint64_t number) {
        Job& current = job(number);
        current.busy = true;
        lock.unlock();
        Result<> done = plan_.stages[current.stage].run(number % jobs_.size());
        lock.lock();
        current.busy = false;
        if (!done) return fail(number, std::move(done).take_error());
        if (plan_.stages[current.stage].order == Stage::Order::in_order) ++turn_[current.stage];
        ++current.stage;
        while (first_ < next_ && job(first_).stage == plan_.stages.size()) ++first_;
        changed_.notify_all();
    }

    void begin(std::unique_lock<std::mutex>& lock) {
        beginning_ = true;
        const uint64_t number = next_;
        lock.unlock();
        Result<bool> filled = plan_.begin_job(number % jobs_.size());
        lock.lock();
        beginning_ = false;
        if (!filled) return fail(number, std::move(filled).take_error());
        if (*filled) {
            job(number) = Job{};
            ++next_;
        } else {
            no_more_ = true;
        }
        changed_.notify_all();
    }

    void fail(uint64_t number, Error error) {
        if (!error_ || number < error_number_) {
            error_ = std::move(error);
            error_number_ = number;
        }
        changed_.notify_all();
    }

    const StagePlan& plan_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Job> jobs_;
    std::vector<uint64_t> turn_;  ///< for each in-order stage, the job that may run it
    uint64_t first_ = 0;          ///< earliest job under way
    uint64_t next_ = 0;           ///< the number that the next job gets
    bool beginning_ = false;
    bool no_more_ = false;
    std::optional<Error> error_;
    uint64_t error_number_ = 0;
};

}  // namespace

Result<> run_stages(unsigned threads, size_t slots, const StagePlan& plan) {
    assert(slots > 0);
    Run run(slots, plan);
    {
        std::vector<Thread> helpers;
        for (unsigned i = 1; i < std::max(1u, threads); ++i) {
            Result<Thread> helper = Thread::start([&run] { run.work(); });
            if (!helper) break;  // fewer are slower, and do the same
            helpers.push_back(std::move(helper).take());
        }
        run.work();
    }
    return std::move(run).result();
}

}  // namespace guestdump::util
