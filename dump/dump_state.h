// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dump/request.h"
#include "dump/target/sink.h"
#include "dump/writer.h"
#include "guest/guest.h"
#include "qapi/types.h"

namespace guestdump::dump {

/// The one dump that a machine can have under way: none -> active -> completed | failed, and again.
///
/// Each dump runs on a thread of its own, synchronous commands too: they differ only in when they
/// reply. The guest stands still from start() until its memory has been read; making the file
/// durable and giving it its name goes on while it runs again.
///
/// All functions: main loop.
class DumpState {
  public:
    /// Runs a function on the main loop, soon; called from the dump thread.
    using Post = std::function<void(std::function<void()>)>;

    struct Outcome {
        qapi::DumpQueryResult result;
        std::optional<Error> error;         ///< why status is failed
        std::vector<std::string> warnings;  ///< what was wrong with the guest note
    };
    /// Called on the main loop when the file is closed, the guest runs again if it did, and query()
    /// tells the end.
    using Concluded = std::function<void(const Outcome&)>;

    /// @guest must outlive this.
    DumpState(guest::Guest& guest, Post post, MemoryCheck check_memory = skip_memory_check);
    /// Cancels and joins a dump under way; its Concluded is not called, its guest is resumed.
    ~DumpState();

    /// Stops the guest, captures it, and begins to prepare and write the dump to @sink on the dump
    /// thread. Takes time that the guest cannot stretch.
    ///
    /// On error, @concluded is not called and @sink is destroyed unfinished. Errors that change
    /// nothing: a dump is active, the format needs a target that can seek, the memory
    /// check fails. Errors after which the guest runs again and the status is failed: the guest
    /// cannot be captured, no memory lies in the range, there is no thread. All others come to
    /// @concluded.
    Result<> start(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded);

    bool active() const { return job_ != nullptr; }

    /// Bytes of guest memory, uncompressed, and the status of the dump under way or else of the
    /// last one.
    qapi::DumpQueryResult query() const;

    /// Asks the dump under way to end; it then fails with "cancelled". Nothing happens without one.
    void cancel();

  private:
    class Job;

    void conclude(Result<> result);

    guest::Guest& guest_;
    Post post_;
    MemoryCheck check_memory_;
    std::shared_ptr<Job> job_;  ///< shared only so that what it posted can tell that it is gone
    qapi::DumpQueryResult last_{};
};

}  // namespace guestdump::dump
