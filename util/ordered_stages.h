// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "util/result.h"

namespace guestdump::util {

/// One step of a pipeline. @slot says in which of the run's slots the job lies; the caller keeps
/// its buffers in an array with one entry a slot.
struct Stage {
    enum class Order {
        in_order,  ///< one job at a time, in the order in which jobs began
        parallel,  ///< any number of jobs at once
    };
    Order order = Order::parallel;
    std::function<Result<>(size_t slot)> run;
};

/// What a pipeline does, first to last. The first stage is begin_job.
struct StagePlan {
    /// Fills slot @slot with the next job, in order. False: there are no more jobs.
    std::function<Result<bool>(size_t slot)> begin_job;
    std::vector<Stage> stages;
};

/// Runs jobs through the stages of @plan on up to @threads threads, the calling one among them,
/// with at most @slots jobs under way: memory is bounded by what a slot holds. What in-order stages
/// see and do is the same for any number of threads, so a pipeline whose output comes from them is
/// deterministic.
///
/// The earliest job that can go on is preferred, and any job to a new one, so that finished work
/// leaves before new work begins. An in-order stage may block (a slow pipe): the other threads go
/// on until the slots are used up. A thread is started only when there is work for it, and fewer
/// do if the system has none to give.
///
/// Errors: of any stage; of several, that of the earliest job. No stage is begun after an error,
/// and none runs any more when this returns.
Result<> run_stages(unsigned threads, size_t slots, const StagePlan& plan);

}  // namespace guestdump::util
