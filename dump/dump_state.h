// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "dump/guest.h"
#include "dump/progress.h"
#include "dump/request.h"
#include "dump/sink.h"
#include "qapi/types.h"

namespace dump {

struct Job;

/// The one dump that a machine can have under way: none -> active -> completed | failed, and again.
///
/// Each dump runs on a thread of its own, synchronous commands too: they differ only in when they reply.
/// All functions: main loop.
class DumpState {
  public:
    /// Runs a function on the main loop, soon; called from the dump thread.
    using Post = std::function<void(std::function<void()>)>;

    struct Outcome {
        qapi::DumpQueryResult result;
        std::optional<Error> error;  ///< why status is failed
    };
    /// Called on the main loop when the file is closed, the guest runs again if it did, and query() tells the end.
    using Concluded = std::function<void(const Outcome&)>;

    /// @guest must outlive this.
    DumpState(Guest& guest, Post post);
    /// Cancels and joins a dump under way; its Concluded is not called.
    ~DumpState();

    /// Stops the guest, takes the snapshot, and begins to write it to @sink.
    ///
    /// Errors: a dump is active; the snapshot cannot be taken (the guest has been resumed, status is failed). In
    /// both cases @concluded is not called and @sink is destroyed unfinished.
    Result<> start(const Request& request, std::unique_ptr<Sink> sink, Concluded concluded);

    bool active() const { return job_ != nullptr; }
    qapi::DumpQueryResult query() const;

    /// Asks the dump under way to end; it then fails with "cancelled". Nothing happens without one.
    void cancel();

  private:
    void conclude(Result<> result);

    Guest& guest_;
    Post post_;
    std::unique_ptr<Job> job_;
    qapi::DumpQueryResult last_;  ///< of the last dump that ended
};

}  // namespace dump
