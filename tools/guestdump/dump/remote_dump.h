// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qapi/types.h"
#include "qmp/qmp_client.h"
#include "tools/guestdump/dump/dump_target.h"
#include "tools/guestdump/dump/pipe_relay.h"

namespace guestdump::tools {

/// Returns the state of @machine's dump, or of the latest one. Errors: those of QmpClient.
util::Result<qapi::DumpQueryResult> query_dump(qmp::QmpClient& machine);

/// True if @machine is guestdump-vm, which can cancel a dump and has all our formats. Errors: those
/// of QmpClient.
util::Result<bool> dumps_like_us(qmp::QmpClient& machine);

/// A dump by another process, requested and watched over QMP. One thread.
class RemoteDump {
  public:
    /// @target was opened from @path. @machine must outlive this.
    RemoteDump(qmp::QmpClient& machine, std::string path, DumpTarget target)
        : machine_(machine), path_(std::move(path)), target_(std::move(target)) {}

    /// Requests a dump with @arguments, whose protocol and detach are set here. Errors: the
    /// machine's, and then no dump has begun; an interrupted wait, and then a dump may have begun:
    /// end it with cancel() and wait().
    util::Result<> start(qapi::DumpGuestMemoryArguments arguments);

    /// Waits for at most @patience, or for the reply if start() was interrupted. Returns true when
    /// the dump has ended and only conclude() is left. Errors: those of QmpClient; the machine's
    /// dump may go on then, into a file without a name.
    util::Result<bool> wait(std::chrono::milliseconds patience);

    /// True if the machine has finished. The last data may not have reached the target yet.
    bool machine_has_ended() const { return stage_ == Stage::ended; }

    /// Returns the state of the dump. Errors: those of QmpClient.
    util::Result<qapi::DumpQueryResult> query() { return query_dump(machine_); }

    /// State of the dump when the machine had finished; empty before.
    const std::optional<qapi::DumpQueryResult>& last_state() const { return last_state_; }

    /// The warnings about the file that the machine sent when the dump ended.
    const std::vector<std::string>& warnings() const { return warnings_; }

    /// Asks the machine to cancel the dump, unless it has ended; wait() then reports the end.
    /// Errors: the machine cannot cancel it; those of wait().
    util::Result<> cancel();

    /// Gives the complete file its name, and returns its size. Errors: why the dump failed; the
    /// file could not be named; "cancelled" if any thread set @unwanted before the file was named.
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
    util::Result<> take_warnings(const qmp::QmpClient::Event& event);
    util::Result<bool> is_how_the_latest_ended(const qapi::DumpQueryResult& end);
    void end(util::Error failure);
    util::Result<> outcome();

    qmp::QmpClient& machine_;
    std::string path_;
    DumpTarget target_;
    bool can_cancel_ = false;
    std::unique_ptr<PipeRelay> relay_;
    Stage stage_ = Stage::idle;
    uint64_t replies_ = 0;                         ///< replies taken when the dump had begun
    std::optional<qmp::QmpClient::Event> told_{};  ///< event that judge() has not handled yet
    std::optional<util::Error> failure_;
    std::optional<qapi::DumpQueryResult> last_state_;
    std::vector<std::string> warnings_;
};

}  // namespace guestdump::tools
