// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/estimate_queue.h"

#include <atomic>
#include <optional>
#include <utility>

namespace guestdump::dump {
namespace {

/// A guest's memory for as long as somebody wants it. An estimate reads page by page, so that this
/// is where it ends.
class WantedSource final : public guest::PageSource {
  public:
    WantedSource(const guest::GuestPhysBlockList& blocks, const std::atomic<bool>& unwanted)
        : memory_(blocks), unwanted_(unwanted) {}

    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        if (unwanted_) return Error::make("cancelled");
        return memory_.read(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return memory_.extent(from, limit);
    }

  private:
    guest::RamSource memory_;
    const std::atomic<bool>& unwanted_;
};

}  // namespace

struct EstimateQueue::Job {
    Take take;
    Request request;
    Done done;  ///< empty: nobody waits
    Snapshot snapshot{};
    std::atomic<bool> unwanted{false};
    std::optional<Result<SizeEstimate>> size{};  ///< the thread's until it has posted

    Job(Take its_take, const Request& its_request, Done its_done)
        : take(std::move(its_take)), request(its_request), done(std::move(its_done)) {}

    void run() { size = estimate_size(snapshot, request, WantedSource(snapshot.blocks, unwanted)); }

    void tell(Result<SizeEstimate> result) {
        // It may let go of its claim, which empties the member.
        if (const Done tell = std::exchange(done, {})) tell(std::move(result));
    }
};

EstimateQueue::EstimateQueue(Post post) : post_(std::move(post)), weak_this_(this) {}

EstimateQueue::~EstimateQueue() {
    if (!jobs_.empty()) jobs_.front()->unwanted = true;
}

Result<EstimateQueue::Claim> EstimateQueue::add(Take take, const Request& request, Done done) {
    if (jobs_.size() > kMostWaiting) {
        return Error::make("%zu estimates are waiting, at most %zu may", jobs_.size() - 1,
                           kMostWaiting);
    }
    const auto job = std::make_shared<Job>(std::move(take), request, std::move(done));
    if (jobs_.empty()) TRY(begin(job));
    jobs_.push_back(job);
    return Claim(job.get(),
                 weak_this_.guard([weak = std::weak_ptr(job)](EstimateQueue& self, void*) {
                     if (const auto its = weak.lock()) self.drop(its);
                 }));
}

Result<> EstimateQueue::begin(const std::shared_ptr<Job>& job) {
    job->snapshot = TRY(job->take());
    auto ended = weak_this_.guard([](EstimateQueue& self) { self.conclude(); });
    thread_ = TRY(util::Thread::start([this, job, ended = std::move(ended)] {
        job->run();
        post_(ended);
    }));
    return {};
}

void EstimateQueue::begin_next() {
    if (jobs_.empty()) return;
    const std::shared_ptr<Job> job = jobs_.front();
    Result<> begun = begin(job);
    if (begun) return;
    jobs_.pop_front();
    begin_next();  // before anybody is told, who may ask again
    job->tell(std::move(begun).take_error());
}

void EstimateQueue::conclude() {
    thread_.join();
    const std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    begin_next();
    job->tell(std::move(*job->size));
}

void EstimateQueue::drop(const std::shared_ptr<Job>& job) {
    job->unwanted = true;
    job->done = {};
    // That under way has its thread, which posts its end.
    if (!jobs_.empty() && jobs_.front() != job) std::erase(jobs_, job);
}

}  // namespace guestdump::dump
