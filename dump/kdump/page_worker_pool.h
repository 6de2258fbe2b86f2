// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cassert>
#include <mutex>
#include <utility>
#include <vector>

#include "dump/kdump/page_worker.h"

namespace guestdump::dump {

/// One worker for each thread. All workers are equivalent. Any thread.
class PageWorkerPool {
  public:
    explicit PageWorkerPool(std::vector<PageWorker> workers) : idle_(std::move(workers)) {}

    template <class Work>
    Result<> with_worker(Work work) {
        PageWorker worker = take();
        Result<> done = work(worker);
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(worker));
        return done;
    }

  private:
    PageWorker take() {
        const std::lock_guard lock(mutex_);
        assert(!idle_.empty());
        PageWorker worker = std::move(idle_.back());
        idle_.pop_back();
        return worker;
    }

    std::mutex mutex_;  // protects idle_; workers change threads from chunk to chunk
    std::vector<PageWorker> idle_;
};

}  // namespace guestdump::dump
