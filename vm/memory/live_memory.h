// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "guest/live_view.h"
#include "util/cancellation.h"
#include "util/thread.h"
#include "util/wakeup.h"
#include "vm/memory/live_region.h"
#include "vm/memory/page_pool.h"
#include "vm/memory/userfault.h"

namespace guestdump::vm {

/// RAM whose contents at one moment are kept until they have been read, while the guest writes to
/// it. docs/live.md describes the states of a page, and the invariants of locks and threads.
///
/// A thread that this object owns serves the accesses that fault. The phases are those of
/// guest::LiveView. Regions are identified by their index in the list given to create().
class LiveMemory {
  public:
    struct Part {
        std::shared_ptr<const Ram> ram;
        bool aliased = false;  ///< some of its pages may be read several times
    };

    /// Begins to watch @parts. @pool_bytes bounds the copies of pages, bytes. end() must be called
    /// while everything that the fault thread needs still exists; the destructor calls it.
    ///
    /// Errors: the host lacks a needed feature, which the message names. Nothing has then changed.
    static Result<std::shared_ptr<LiveMemory>> create(std::vector<Part> parts, uint64_t pool_bytes);
    ~LiveMemory() { end(); }
    LiveMemory(const LiveMemory&) = delete;
    LiveMemory& operator=(const LiveMemory&) = delete;

    // See guest::LiveView for these functions. No read() may be in progress during end().
    Result<> arm(const util::Cancellation& cancellation);
    Result<> freeze();
    void end();
    guest::LiveStatistics statistics() const;

    /// Begins the phase in which each page is read once. @needed: for each region, the runs of
    /// pages that will be read, in ascending order. Errors: the dump has failed or ended.
    Result<> begin_pages(const std::vector<std::vector<PageRun>>& needed);

    /// Copies bytes of a region as they were at the moment. @offset: in the region, bytes. After
    /// begin_pages(), releases the pages that lie completely in the range, unless the region is
    /// aliased. Any thread.
    ///
    /// Errors: those of Ram::read(); a page was already released; the dump has failed or ended.
    Result<> read(size_t region, uint64_t offset, std::span<std::byte> out);

    /// While an object of this class exists, no access waits for room in the pool. It is for
    /// threads that must not wait for the dump, but wait for a vCPU or write to guest memory. Any
    /// thread.
    class Hurry {
      public:
        /// @memory may be nullptr.
        explicit Hurry(std::shared_ptr<LiveMemory> memory);
        ~Hurry();
        Hurry(const Hurry&) = delete;
        Hurry& operator=(const Hurry&) = delete;

      private:
        std::shared_ptr<LiveMemory> memory_;
    };

  private:
    enum class Phase : uint8_t { arming, frozen, pages, ended };

    /// An access that waits for room in the pool or for a reader.
    struct Waiting {
        size_t region = 0;
        uint64_t page = 0;
        bool missing = false;
        bool write = false;

        bool operator==(const Waiting&) const = default;
    };

    /// Pages whose accesses may go on.
    struct Answer {
        size_t region = 0;
        PageRun run;
        bool missing = false;
        bool write = false;

        /// True if one system call answers both.
        bool continues_in(const Answer& later) const {
            return !missing && !later.missing && region == later.region &&
                   later.run.first <= run.end;
        }
    };

    /// A page in the state aside, and its bytes in the pool.
    struct Copy {
        uint64_t page = 0;
        std::span<const std::byte> bytes;
    };

    LiveMemory(Userfault userfault, util::Wakeup wakeup, std::vector<LiveRegion> regions,
               uint64_t pool_bytes, util::MappedArray<std::byte> scratch);

    // live_memory.cc: phases.
    Result<> watch_all() const;
    void unwatch_all() const;
    Result<uint64_t> protect_written();
    std::vector<PageRun> take_written(LiveRegion& region, uint64_t from);
    void fail(Error error);
    Result<> check_alive() const;

    // live_faults.cc: the fault thread. The caller of serve(fault), try_serve(), set_aside(),
    // set_aside_ahead(), copy_aside() and retry_waiting() holds mutex_.
    void serve_faults();
    Result<> serve(std::span<const MemoryFault> faults);
    void serve(const MemoryFault& fault, std::vector<Answer>& answers);
    bool try_serve(const Waiting& access, std::vector<Answer>& answers);
    Answer answer_to(const Waiting& access) const;
    Result<> give(std::vector<Answer> answers) const;
    bool set_aside(LiveRegion& region, PageRun unit);
    uint64_t set_aside_ahead(LiveRegion& region, PageRun run);
    Result<bool> copy_aside(LiveRegion& region, uint64_t page);
    void retry_waiting(std::vector<Answer>& answers);

    // live_reads.cc: readers.
    Result<> peek(LiveRegion& region, uint64_t offset, std::span<std::byte> out);
    Result<> take_pages(LiveRegion& region, PageRun run, std::span<std::byte> out);
    Result<std::vector<Copy>> claim(LiveRegion& region, PageRun run);
    Result<> save(LiveRegion& region, PageRun run);
    void release_done(const LiveRegion& region, const std::vector<PageRun>& blocks);
    void drop_unneeded(LiveRegion& region, PageRun block, std::span<const PageRun> needed,
                       std::vector<PageRun>& done);

    const Userfault userfault_;
    const util::Wakeup wakeup_;  ///< raised to retry waiting accesses, or to end the fault thread
    std::atomic<bool> stopping_{false};
    std::atomic<int> hurries_{0};
    std::atomic<uint64_t> write_faults_{0}, pages_copied_{0}, pool_waits_{0};

    /// Held while faults are served, and by freeze(). It is taken before mutex_.
    std::mutex batch_mutex_;
    mutable std::mutex mutex_;  ///< protects the members from here to thread_
    Phase phase_ = Phase::arming;
    std::vector<LiveRegion> regions_;
    PagePool pool_;
    util::MappedArray<std::byte> scratch_;  ///< one page, for the fault thread
    std::vector<Waiting> waiting_;
    std::optional<Error> error_;  ///< why the dump failed

    std::mutex end_mutex_;  ///< held by end(), so that only one thread runs it at a time
    util::Thread thread_;
};

}  // namespace guestdump::vm
