// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_state.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>

#include "dump/live_dump.h"
#include "dump/paused_guest.h"
#include "dump/progress.h"
#include "dump/selection.h"
#include "dump/snapshot.h"
#include "dump/writer.h"
#include "util/thread.h"

namespace guestdump::dump {

/// One dump: its guest, its target and its thread.
class DumpState::Job {
  public:
    /// Stops the guest and captures it, or begins to hold back its writes if @request is live. Main
    /// loop. The thread starts with run().
    static Result<std::shared_ptr<Job>> create(guest::Guest& guest, const Request& request,
                                               std::unique_ptr<Sink> sink, Concluded concluded,
                                               MemoryCheck check_memory) {
        auto job = std::make_shared<Job>(request, std::move(sink), std::move(concluded),
                                         std::move(check_memory));
        if (request.live) TRY(job->begin_live(guest));
        if (!job->live_) TRY(job->stop(guest));
        return job;
    }

    Job(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded,
        MemoryCheck check_memory)
        : concluded_(std::move(concluded)),
          request_(request),
          check_memory_(std::move(check_memory)),
          sink_(std::move(sink)) {}

    ~Job() { cancel(); }

    /// What the dump thread calls.
    struct Calls {
        std::function<void()> ask_moment;    ///< take_moment() must be called; live dumps only
        std::function<void()> memory_read;   ///< the guest is no longer needed
        std::function<void(Result<>)> done;  ///< the target is closed
    };

    /// Starts the dump thread. Errors: the system cannot create a thread; then nothing is called.
    Result<> run(Calls calls) {
        thread_ = TRY(util::Thread::start([this, calls = std::move(calls)] {
            Result<> result = live_ ? reach_moment(calls.ask_moment) : Result<>();
            if (result) result = write();
            if (live_) live_->view().end();
            calls.memory_read();
            if (result) result = sink_->commit();
            close_sink();
            calls.done(std::move(result));
        }));
        return {};
    }

    /// Any thread.
    void cancel() {
        progress_.cancel();
        if (live_) live_->give_up();
        const std::lock_guard lock(sink_mutex_);
        if (sink_) sink_->interrupt();
    }

    void join() { thread_.join(); }

    bool live() const { return live_ != nullptr; }

    /// The final state, or the progress if @status is active. Main loop.
    qapi::DumpQueryResult view(qapi::DumpStatus status) const {
        const uint64_t total = total_.load(std::memory_order_relaxed);
        qapi::DumpQueryResult view{.status = status,
                                   .completed = std::min(progress_.completed(), total),
                                   .total = total,
                                   .phase = {},
                                   .start_time = start_time_,
                                   .remaining = {},
                                   .judged = {},
                                   .live = live_status()};
        if (status == qapi::DumpStatus::active) {
            view.phase = phase();
            if (view.phase == qapi::DumpPhase::filter) view.judged = progress_.judged();
            view.remaining = remaining(view.completed, total);
        }
        return view;
    }
    /// Problems found in the guest note. Main loop, after join().
    std::vector<std::string> warnings() const {
        std::vector<std::string> all = warnings_;
        if (snapshot_)
            all.insert(all.end(), snapshot_->warnings.begin(), snapshot_->warnings.end());
        return all;
    }

    /// For a live dump. Main loop.
    void take_moment() {
        if (live_) live_->take_moment();
    }

    /// Resumes the guest if it ran before. Main loop.
    void release_guest() {
        hold_.reset();
        guest_needed_ = false;
    }

    /// Main loop.
    void tell(const Outcome& outcome) const {
        if (concluded_) concluded_(outcome);
    }

  private:
    Result<> stop(guest::Guest& guest) {
        PausedGuest hold = TRY(PausedGuest::enter(guest));
        capture_ = TRY(Capture::of(guest));
        TRY(count_bytes(capture_.memory->blocks(), capture_.left_out.ranges,
                        capture_.arch.page_size));
        hold_.emplace(std::move(hold));
        return {};
    }

    /// Leaves live_ empty if the guest must, or may as well, be stopped.
    Result<> begin_live(guest::Guest& guest) {
        TRY(count_bytes(guest.blocks(), guest.left_out().ranges, guest::ArchDumpInfo().page_size));
        Result<std::shared_ptr<guest::LiveView>> view = guest.live_view(request_.live->pool_bytes);
        if (!view && !request_.live->fall_back)
            return std::move(view).take_error().while_("live dump");
        if (!view) {
            warnings_.push_back("the guest was stopped for its dump: " + view.error().message());
        } else if (*view) {
            live_ = std::make_unique<LiveDump>(guest, *view);
        }
        return {};
    }

    /// The thread selects the memory again; here it provides an early error and the total.
    Result<> count_bytes(const guest::GuestPhysBlockList& blocks, const guest::RangeList& left_out,
                         uint64_t page_size) {
        const Selection selection = TRY(Selection::of(blocks, left_out, request_, page_size));
        total_.store(selection.blocks.total_bytes(), std::memory_order_relaxed);
        return {};
    }

    /// The dump thread.
    Result<> reach_moment(const std::function<void()>& ask) {
        capture_ = TRY(live_->reach_moment(ask));
        return {};
    }

    /// The dump thread.
    Result<> write() {
        snapshot_ = TRY(Snapshot::prepare(capture_, request_, progress_.cancellation(),
                                          [this](uint64_t bytes) { progress_.judged(bytes); }));
        total_.store(snapshot_->total_bytes(), std::memory_order_relaxed);
        const std::unique_ptr<VmcoreWriter> writer =
            TRY(make_writer(*snapshot_, request_, check_memory_));
        progress_.begin_memory();
        TRY(writer->begin(*sink_, progress_));
        if (live_) TRY(live_->view().begin_pages(snapshot_->pages, snapshot_->arch.page_size));
        TRY(writer->iterate(*snapshot_->memory, *sink_, progress_));
        TRY(writer->completed(*sink_));
        return progress_.check();
    }

    qapi::DumpPhase phase() const {
        if (!guest_needed_) return qapi::DumpPhase::commit;
        if (live_ && !live_->moment()) return qapi::DumpPhase::protect;
        if (progress_.in_memory()) return qapi::DumpPhase::memory;
        return progress_.in_filter() ? qapi::DumpPhase::filter : qapi::DumpPhase::prepare;
    }

    std::optional<qapi::DumpLiveStatus> live_status() const {
        if (!live_) return std::nullopt;
        const guest::LiveStatistics statistics = live_->view().statistics();
        qapi::DumpLiveStatus status{.write_faults = statistics.write_faults,
                                    .pages_copied = statistics.pages_copied,
                                    .pool_waits = statistics.pool_waits};
        if (const auto moment = live_->moment()) {
            status.date_sec = moment->seconds;
            status.date_nsec = moment->nanoseconds;
            status.stop_time = moment->stopped_us;
        }
        return status;
    }

    /// Estimated seconds left, at the average speed so far. Empty if nothing has been copied yet.
    std::optional<double> remaining(uint64_t completed, uint64_t total) const {
        if (completed == 0) return std::nullopt;
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
        const double rest = static_cast<double>(total - completed);
        return passed.count() * rest / static_cast<double>(completed);
    }

    void close_sink() {
        std::unique_ptr<Sink> closing;
        {
            const std::lock_guard lock(sink_mutex_);
            closing = std::move(sink_);
        }
        // Outside the lock, because freeing the memory of a large unfinished file takes time.
    }

    std::optional<PausedGuest> hold_;  ///< set while the guest is stopped
    std::unique_ptr<LiveDump> live_;   ///< set if the guest runs; created before the thread
    const Concluded concluded_;
    Capture capture_{};  ///< belongs to the dump thread from run() on
    const Request request_;
    /// Bytes of guest memory; fewer once pages are left out.
    std::atomic<uint64_t> total_ = 0;
    std::vector<std::string> warnings_;
    const MemoryCheck check_memory_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    const int64_t start_time_ = std::time(nullptr);
    bool guest_needed_ = true;          ///< main loop only
    std::optional<Snapshot> snapshot_;  ///< belongs to the dump thread until it is joined
    Progress progress_;
    std::mutex sink_mutex_;  ///< protects sink_: cancel() may run while the dump thread destroys it
    std::unique_ptr<Sink> sink_;
    util::Thread thread_;  ///< last, so that it is joined before anything that it uses is destroyed
};

DumpState::DumpState(guest::Guest& guest, Post post, MemoryCheck check_memory)
    : guest_(guest), post_(std::move(post)), check_memory_(std::move(check_memory)) {}

DumpState::~DumpState() = default;

Result<> DumpState::start(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded) {
    if (active()) return Error::make("There is a dump in process, please wait.");
    TRY(check_target(request, *sink));
    // From here to the reply, a lack of memory would end the process and the guest.
    TRY(check_memory_());
    last_ = {};
    last_.status = qapi::DumpStatus::failed;
    job_ = TRY(Job::create(guest_, request, std::move(sink), std::move(concluded), check_memory_));

    // The job may be gone when a posted function runs: ~DumpState does not wait for the main loop.
    const std::weak_ptr<Job> weak = job_;
    const auto post = [this, weak](void (Job::*step)()) {
        post_([weak, step] {
            if (const auto job = weak.lock()) (job.get()->*step)();
        });
    };
    Result<> begun = job_->run({
        .ask_moment = [post] { post(&Job::take_moment); },
        .memory_read = [post] { post(&Job::release_guest); },
        .done =
            [this, weak](Result<> result) {
                post_([this, weak, result = std::make_shared<Result<>>(std::move(result))] {
                    if (!weak.expired()) conclude(std::move(*result));
                });
            },
    });
    if (!begun) job_.reset();
    return begun;
}

void DumpState::conclude(Result<> result) {
    const std::shared_ptr<Job> job = std::move(job_);
    job->join();
    job->release_guest();
    Outcome outcome{
        .result = job->view(result ? qapi::DumpStatus::completed : qapi::DumpStatus::failed),
        .error = {},
        .warnings = job->warnings(),
    };
    if (!result) outcome.error = std::move(result).take_error();
    last_ = outcome.result;
    job->tell(outcome);
}

bool DumpState::live() const {
    return job_ && job_->live();
}

qapi::DumpQueryResult DumpState::query() const {
    return job_ ? job_->view(qapi::DumpStatus::active) : last_;
}

void DumpState::cancel() {
    if (job_) job_->cancel();
}

}  // namespace guestdump::dump
