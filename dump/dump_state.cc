// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/dump_state.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <mutex>

#include "dump/paused_guest.h"
#include "dump/progress.h"
#include "dump/selection.h"
#include "dump/snapshot.h"
#include "dump/writer.h"
#include "util/thread.h"

namespace guestdump::dump {

/// A dump under way: what it reads and writes, and the thread that does it.
class DumpState::Job {
  public:
    /// Stops the guest and reads of it what must be read at that moment. Main loop; the thread
    /// begins with run().
    static Result<std::shared_ptr<Job>> create(guest::Guest& guest, const Request& request,
                                               std::unique_ptr<Sink> sink, Concluded concluded,
                                               MemoryCheck check_memory) {
        PausedGuest hold = TRY(PausedGuest::enter(guest));
        Capture capture = TRY(Capture::of(guest));
        // Once more on the thread; here for its error, and the number of bytes.
        const Selection selection =
            TRY(Selection::of(capture.memory->blocks(), request, capture.arch.page_size));
        return std::make_shared<Job>(std::move(hold), std::move(capture), request,
                                     selection.blocks.total_bytes(), std::move(sink),
                                     std::move(concluded), std::move(check_memory));
    }

    Job(PausedGuest hold, Capture capture, const Request& request, uint64_t total,
        std::unique_ptr<Sink> sink, Concluded concluded, MemoryCheck check_memory)
        : hold_(std::move(hold)),
          concluded_(std::move(concluded)),
          capture_(std::move(capture)),
          request_(request),
          total_(total),
          check_memory_(std::move(check_memory)),
          sink_(std::move(sink)) {}

    ~Job() { cancel(); }

    /// Runs the dump on its thread: @memory_read when the guest is not needed any more, then @done
    /// with the result, when the target is closed. Both are called on the dump thread.
    ///
    /// Errors: the system has no thread to give; neither is called.
    Result<> run(std::function<void()> memory_read, std::function<void(Result<>)> done) {
        thread_ = TRY(util::Thread::start(
            [this, memory_read = std::move(memory_read), done = std::move(done)] {
                Result<> result = write();
                memory_read();
                if (result) result = sink_->commit();
                close_sink();
                done(std::move(result));
            }));
        return {};
    }

    /// Any thread.
    void cancel() {
        progress_.cancel();
        const std::lock_guard lock(sink_mutex_);
        if (sink_) sink_->interrupt();
    }

    void join() { thread_.join(); }

    /// The end, or with status active how far it is. Main loop.
    qapi::DumpQueryResult view(qapi::DumpStatus status) const {
        qapi::DumpQueryResult view{.status = status,
                                   .completed = std::min(progress_.completed(), total_),
                                   .total = total_,
                                   .phase = {},
                                   .start_time = start_time_,
                                   .remaining = {}};
        if (status == qapi::DumpStatus::active) {
            view.phase = phase();
            view.remaining = remaining(view.completed);
        }
        return view;
    }
    /// What was wrong with the guest note. Main loop, after join().
    std::vector<std::string> warnings() const {
        return snapshot_ ? snapshot_->warnings : std::vector<std::string>();
    }

    /// Lets the guest run on. Main loop.
    void release_guest() {
        hold_.release();
        guest_needed_ = false;
    }

    /// Main loop.
    void tell(const Outcome& outcome) const {
        if (concluded_) concluded_(outcome);
    }

  private:
    /// The dump thread.
    Result<> write() {
        snapshot_ = TRY(Snapshot::prepare(capture_, request_, progress_.cancellation()));
        const std::unique_ptr<VmcoreWriter> writer =
            TRY(make_writer(*snapshot_, request_, check_memory_));
        progress_.begin_memory();
        TRY(writer->begin(*sink_, progress_));
        TRY(writer->iterate(*snapshot_->memory, *sink_, progress_));
        TRY(writer->completed(*sink_));
        return progress_.check();
    }

    qapi::DumpPhase phase() const {
        if (!guest_needed_) return qapi::DumpPhase::commit;
        return progress_.in_memory() ? qapi::DumpPhase::memory : qapi::DumpPhase::prepare;
    }

    /// Seconds, if the rest goes as fast as what came before. Empty where nothing came.
    std::optional<double> remaining(uint64_t completed) const {
        if (completed == 0) return std::nullopt;
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
        const double rest = static_cast<double>(total_ - completed);
        return passed.count() * rest / static_cast<double>(completed);
    }

    void close_sink() {
        std::unique_ptr<Sink> closing;
        {
            const std::lock_guard lock(sink_mutex_);
            closing = std::move(sink_);
        }
        // Outside the lock: giving back the memory of a large unfinished file takes its time.
    }

    PausedGuest hold_;
    const Concluded concluded_;
    const Capture capture_;
    const Request request_;
    const uint64_t total_;  ///< bytes of guest memory
    const MemoryCheck check_memory_;
    const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    const int64_t start_time_ = std::time(nullptr);
    bool guest_needed_ = true;          ///< main loop
    std::optional<Snapshot> snapshot_;  ///< the dump thread's until it is joined
    Progress progress_;
    std::mutex sink_mutex_;  ///< of sink_: cancel() may come while the dump thread drops it
    std::unique_ptr<Sink> sink_;
    util::Thread thread_;  ///< last: joined before anything that it uses goes
};

DumpState::DumpState(guest::Guest& guest, Post post, MemoryCheck check_memory)
    : guest_(guest), post_(std::move(post)), check_memory_(std::move(check_memory)) {}

DumpState::~DumpState() = default;

Result<> DumpState::start(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded) {
    if (active()) return Error::make("There is a dump in process, please wait.");
    TRY(check_target(request, *sink));
    // What follows, up to the reply, must not be what ends the process, and the guest.
    TRY(check_memory_());
    last_ = {};
    last_.status = qapi::DumpStatus::failed;
    job_ = TRY(Job::create(guest_, request, std::move(sink), std::move(concluded), check_memory_));

    // The job may be gone when what it posted is run: ~DumpState does not wait for the main loop.
    const std::weak_ptr<Job> weak = job_;
    Result<> begun = job_->run(
        [this, weak] {
            post_([weak] {
                if (const auto job = weak.lock()) job->release_guest();
            });
        },
        [this, weak](Result<> result) {
            post_([this, weak, result = std::make_shared<Result<>>(std::move(result))] {
                if (!weak.expired()) conclude(std::move(*result));
            });
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

qapi::DumpQueryResult DumpState::query() const {
    return job_ ? job_->view(qapi::DumpStatus::active) : last_;
}

void DumpState::cancel() {
    if (job_) job_->cancel();
}

}  // namespace guestdump::dump
