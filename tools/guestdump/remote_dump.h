// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "qapi/types.h"
#include "qmp/qmp_client.h"
#include "tools/guestdump/dump_target.h"
#include "tools/guestdump/pipe_relay.h"

namespace guestdump::tools {

/// How far the dump of @machine is, or how its latest ended. Errors: those of QmpClient.
util::Result<qapi::DumpQueryResult> query_dump(qmp::QmpClient& machine);

/// A dump that a machine makes, asked for and watched over QMP. One thread.
class RemoteDump {
  public:
    /// To @target, which @path named. @machine must outlive this.
    RemoteDump(qmp::QmpClient& machine, std::string path, DumpTarget target)
        : machine_(machine), path_(std::move(path)), target_(std::move(target)) {}

    /// Asks for the dump of @arguments, whose protocol and detach are set here. Errors: the
    /// machine's, and nothing has begun then; a wait was interrupted, and it may have: then
    /// cancel() and wait() make an end of it.
    util::Result<> start(qapi::DumpGuestMemoryArguments arguments);

    /// Waits a moment, or for the reply that start() did not wait for; true when the dump has ended
    /// and nothing is left but conclude(). Errors: those of QmpClient; the machine's dump may go on
    /// then, into a file without a name.
    util::Result<bool> wait(std::chrono::milliseconds patience);

    /// The machine has nothing left to do. The target may still have to take what came last.
    bool machine_has_ended() const { return stage_ == Stage::ended; }

    /// How far it is. Errors: those of QmpClient.
    util::Result<qapi::DumpQueryResult> query() { return query_dump(machine_); }

    /// Asks the machine to end it, unless it has ended; wait() tells when it has. Errors: it has no
    /// way to; those of wait().
    util::Result<> cancel();

    /// Gives the whole file its name, and its size. Errors: why the dump failed; the name could not
    /// be given; "cancelled", where @unwanted, which any thread may set, became true before that.
    util::Result<uint64_t> conclude(const std::atomic<bool>& unwanted);

  private:
    enum class Stage {
        idle,
        asked,  ///< the machine has not replied
        begun,
        ended,
    };

    util::Result<int> descriptor_for_machine(const qapi::DumpGuestMemoryArguments& arguments);
    util::Result<> take_reply();
    util::Result<> judge_events();
    util::Result<> judge(const qmp::QmpClient::Event& event);
    util::Result<bool> is_how_the_latest_ended(const qapi::DumpQueryResult& end);
    void end(util::Error failure);
    util::Result<> outcome();

    qmp::QmpClient& machine_;
    std::string path_;
    DumpTarget target_;
    bool can_cancel_ = false;
    std::unique_ptr<PipeRelay> relay_;
    Stage stage_ = Stage::idle;
    uint64_t replies_ = 0;                         ///< that had been taken when it had begun
    std::optional<qmp::QmpClient::Event> told_{};  ///< that is still to be judged
    std::optional<util::Error> failure_;
};

}  // namespace guestdump::tools
