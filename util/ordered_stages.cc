// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/ordered_stages.h"

#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "util/thread.h"

namespace guestdump::util {
namespace {

/// The shared state of one run: a ring of jobs, each at a stage, and the threads that work on them;
/// one mutex protects all of it.
class StageRunner {
  public:
    StageRunner(unsigned threads, size_t slots, const StagePlan& plan)
        : plan_(plan), threads_(threads), jobs_(slots), turn_(plan.stages.size(), 0) {}

    /// Returns when all jobs have passed all stages, or after an error.
    void work() {
        std::unique_lock lock(mutex_);
        while (!finished()) {
            if (const auto number = earliest_ready_job()) {
                run_stage(lock, *number);
            } else if (can_begin()) {
                begin(lock);
            } else {
                ++idle_;
                changed_.wait(lock);
                --idle_;
            }
        }
        changed_.notify_all();
    }

    /// Once work() has returned: joins the helpers.
    Result<> result() && {
        helpers_.clear();
        if (error_) return std::move(*error_);
        return {};
    }

  private:
    struct Job {
        size_t stage = 0;  ///< next stage to run
        bool busy = false;
    };

    /// Jobs are numbered from the start of the run.
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

    /// Starts a helper if there is work and no free thread: few jobs start few threads.
    void call_for_help() {
        if (idle_ > 0 || helpers_.size() + 1 >= threads_) return;
        if (!earliest_ready_job() && !can_begin()) return;
        Result<Thread> helper = Thread::start([this] { work(); });
        if (helper) {
            helpers_.push_back(std::move(helper).take());
        } else {
            threads_ = 0;  // fewer threads do the same, only slower
        }
    }

    void run_stage(std::unique_lock<std::mutex>& lock, uint64_t number) {
        Job& current = job(number);
        current.busy = true;
        call_for_help();
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
        call_for_help();
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
    size_t threads_;   ///< at most, including the calling one
    size_t idle_ = 0;  ///< threads that wait for changed_
    std::vector<Job> jobs_;
    std::vector<uint64_t> turn_;  ///< for each in-order stage, the job that may run it
    uint64_t first_ = 0;          ///< earliest job under way
    uint64_t next_ = 0;           ///< the number that the next job gets
    bool beginning_ = false;
    bool no_more_ = false;
    std::optional<Error> error_;
    uint64_t error_number_ = 0;
    std::vector<Thread> helpers_;  ///< last member, because they use the others
};

}  // namespace

Result<> run_stages(unsigned threads, size_t slots, const StagePlan& plan) {
    assert(slots > 0);
    StageRunner runner(threads, slots, plan);
    runner.work();
    return std::move(runner).result();
}

}  // namespace guestdump::util
