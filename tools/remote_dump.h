// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "qapi/types.h"
#include "tools/dump_target.h"
#include "tools/pipe_relay.h"
#include "tools/qmp_client.h"

namespace tools {

/// How far the dump of @machine is, or how its latest ended. Errors: those of QmpClient.
util::Result<qapi::DumpQueryResult> query_dump(QmpClient& machine);

/// A dump that a machine makes, asked for and watched over QMP. One thread.
class RemoteDump {
  public:
    /// To @path, which is opened here. @machine must outlive this. Errors: those of DumpTarget.
    static util::Result<RemoteDump> create(QmpClient& machine, const std::string& path);

    /// Asks for the dump of @arguments, whose protocol and detach are set here. Errors: the
    /// machine's; nothing has begun then.
    util::Result<> start(qapi::DumpGuestMemoryArguments arguments);

    /// Waits a moment; true when the dump has ended and nothing is left but conclude(). Errors:
    /// those of QmpClient; the machine's dump may go on then, into a file without a name.
    util::Result<bool> wait(std::chrono::milliseconds patience);

    /// How far it is. Errors: those of QmpClient.
    util::Result<qapi::DumpQueryResult> query() { return query_dump(machine_); }

    /// Asks the machine to end it; wait() tells when it has. Errors: it has no way to.
    util::Result<> cancel();

    /// Gives the whole file its name, and its size. Errors: why the dump failed; the name could not
    /// be given.
    util::Result<uint64_t> conclude();

  private:
    RemoteDump(QmpClient& machine, std::string path, DumpTarget target)
        : machine_(machine), path_(std::move(path)), target_(std::move(target)) {}

    util::Result<int> descriptor_for_machine(const qapi::DumpGuestMemoryArguments& arguments);
    util::Result<> judge(json_object* event);
    util::Result<> outcome();

    QmpClient& machine_;
    std::string path_;
    DumpTarget target_;
    bool can_cancel_ = false;
    std::unique_ptr<PipeRelay> relay_;
    std::optional<qapi::Json> told_;  ///< an event that is still to be judged
    bool ended_ = false;
    std::optional<util::Error> failure_;
};

}  // namespace tools
