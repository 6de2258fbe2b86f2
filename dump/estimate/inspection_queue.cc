// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/inspection_queue.h"

namespace guestdump::dump {

struct InspectionQueue::Job {
    explicit Job(Steps its_steps) : steps(std::move(its_steps)) {}

    Steps steps;
    Capture capture{};
    util::Cancellation cancellation;
    bool wanted = true;  ///< main loop only; false: the requester is not called
};

InspectionQueue::InspectionQueue(Post post) : post_(std::move(post)), weak_this_(this) {}

InspectionQueue::~InspectionQueue() {
    if (!jobs_.empty()) jobs_.front()->cancellation.cancel();
}

Result<InspectionQueue::Claim> InspectionQueue::add_steps(Steps steps) {
    if (jobs_.size() > kMostWaiting) {
        return Error::make("%zu inspections of the guest are waiting, at most %zu may",
                           jobs_.size() - 1, kMostWaiting);
    }
    const auto job = std::make_shared<Job>(std::move(steps));
    if (jobs_.empty()) TRY(begin(job));
    jobs_.push_back(job);
    return Claim(job.get(),
                 weak_this_.guard([weak = std::weak_ptr(job)](InspectionQueue& self, void*) {
                     if (const auto its = weak.lock()) self.drop(its);
                 }));
}

Result<> InspectionQueue::begin(const std::shared_ptr<Job>& job) {
    job->capture = TRY(job->steps.take());
    auto ended = weak_this_.guard([](InspectionQueue& self) { self.conclude(); });
    thread_ = TRY(util::Thread::start([this, job, ended = std::move(ended)] {
        job->steps.work(job->capture, job->cancellation);
        post_(ended);
    }));
    return {};
}

void InspectionQueue::begin_next() {
    if (jobs_.empty()) return;
    const std::shared_ptr<Job> job = jobs_.front();
    Result<> begun = begin(job);
    if (begun) return;
    jobs_.pop_front();
    begin_next();  // first, because fail() may add an inspection
    if (job->wanted) job->steps.fail(std::move(begun).take_error());
}

void InspectionQueue::conclude() {
    thread_.join();
    const std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    begin_next();
    // tell() may release the claim on this job.
    if (job->wanted) job->steps.tell();
}

void InspectionQueue::drop(const std::shared_ptr<Job>& job) {
    job->cancellation.cancel();
    job->wanted = false;
    // A running job stays: its thread posts its end.
    if (!jobs_.empty() && jobs_.front() != job) std::erase(jobs_, job);
}

}  // namespace guestdump::dump
