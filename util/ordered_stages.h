// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "util/result.h"

namespace guestdump::util {

/// One step of a pipeline. @slot is the number of the slot that the job occupies; the caller keeps
/// its buffers in an array with one entry per slot.
struct Stage {
    enum class Order {
        in_order,  ///< one job at a time, in the order in which jobs began
        parallel,  ///< any number of jobs at once
    };
    Order order = Order::parallel;
    std::function<Result<>(size_t slot)> run;
};

/// The steps of a pipeline, in order. begin_job is the first.
struct StagePlan {
    /// Fills slot @slot with the next job, in order. Returns false if there are no more jobs.
    std::function<Result<bool>(size_t slot)> begin_job;
    std::vector<Stage> stages;
};

/// Runs jobs through the stages of @plan on up to @threads threads, including the calling one, with
/// at most @slots jobs in progress, so that memory is bounded. In-order stages see the same jobs in
/// the same order for any number of threads, so a pipeline that writes its output in such a stage
/// is deterministic.
///
/// The earliest job that can continue goes first, and a new job begins only if no other can
/// continue, so that work in progress is finished first. An in-order stage may block (on a slow
/// pipe): the other threads continue until all slots are in use. A thread is started only if there
/// is work for it; if the system cannot start one, fewer threads do the work.
///
/// Errors: those of the stages; if several fail, that of the earliest job. After an error no more
/// stages are started, and none is running when this returns.
Result<> run_stages(unsigned threads, size_t slots, const StagePlan& plan);

}  // namespace guestdump::util
