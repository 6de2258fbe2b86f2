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

/// Runs the dumps of a machine, one at a time: none -> active -> completed | failed, and again.
///
/// Each dump runs on its own thread, even if the client waits for the reply. The guest is stopped
/// from start() until its memory has been read; syncing and naming the file continue while the
/// guest runs again. A live dump stops it only for a moment.
///
/// All functions: main loop.
class DumpState {
  public:
    /// Runs a function on the main loop, soon. Called from the dump thread.
    using Post = std::function<void(std::function<void()>)>;

    struct Outcome {
        qapi::DumpQueryResult result;
        std::optional<Error> error;         ///< why status is failed
        std::vector<std::string> warnings;  ///< problems found in the guest note
    };
    /// Called on the main loop once the file is closed, the guest runs again (if it ran before),
    /// and query() returns the final state.
    using Concluded = std::function<void(const Outcome&)>;

    /// @guest must outlive this.
    DumpState(guest::Guest& guest, Post post, MemoryCheck check_memory = skip_memory_check);
    /// Cancels and joins a running dump. Its Concluded is not called; its guest is resumed.
    ~DumpState();

    /// Stops the guest, captures it, and starts the dump thread, which prepares the dump and writes
    /// it to @sink. The duration of this call does not depend on the guest's contents. A live dump
    /// stops and captures the guest later.
    ///
    /// On error, @concluded is not called and @sink is destroyed unfinished. Errors that change
    /// nothing: a dump is active; the format needs a target that can seek; the memory check fails.
    /// Errors after which the guest runs again and the status is failed: the guest cannot be
    /// captured; no memory lies in the range; no thread can be created. All other errors are passed
    /// to @concluded.
    Result<> start(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded);

    bool active() const { return job_ != nullptr; }

    /// True if a dump is active that lets the guest run.
    bool live() const;

    /// The status and progress of the running dump, or of the last one if none is running. Progress
    /// is in bytes of guest memory before compression.
    qapi::DumpQueryResult query() const;

    /// Cancels the running dump, if any: it soon fails with "cancelled".
    void cancel();

  private:
    class Job;

    void conclude(Result<> result);

    guest::Guest& guest_;
    Post post_;
    MemoryCheck check_memory_;
    std::shared_ptr<Job> job_;  ///< shared only so that posted functions can detect that it is gone
    qapi::DumpQueryResult last_{};
};

}  // namespace guestdump::dump
