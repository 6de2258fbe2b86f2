// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/remote_dump.h"

#include <cerrno>
#include <string>
#include <vector>

#include "dump/request.h"
#include "qapi/marshal.h"

namespace guestdump::tools {

using namespace std::chrono_literals;
using qapi::Json;

namespace {

/// What the machine is to call the descriptor, in its errors too: a name must not begin with a
/// digit.
std::string name_for(const std::string& path) {
    if (path == "-") return "stdout";
    return path.find_first_of("0123456789") == 0 ? "./" + path : path;
}

Json naming(const std::string& name) {
    Json arguments = qapi::make_object();
    qapi::add(arguments, "fdname", qapi::to_json(name));
    return arguments;
}

Result<bool> has_command(qmp::QmpClient& machine, std::string_view name) {
    const Json list = TRY(machine.execute("query-commands"));
    const auto commands = TRY(qapi::elements(list.get(), "query-commands"));
    for (json_object* command : commands) {
        std::string one;
        auto known = TRY(qapi::ObjectReader::open(command, "query-commands"));
        TRY(known.member("name", one));
        if (one == name) return true;
    }
    return false;
}

/// Members that a later machine may have beside these are none of ours.
Result<qapi::DumpQueryResult> read_state(json_object* json) {
    qapi::DumpQueryResult state;
    auto members = TRY(qapi::ObjectReader::open(json, "query-dump"));
    TRY(members.member("status", state.status));
    TRY(members.member("completed", state.completed));
    TRY(members.member("total", state.total));
    TRY(members.member("phase", state.phase));
    TRY(members.member("start-time", state.start_time));
    TRY(members.member("remaining", state.remaining));
    return state;
}

}  // namespace

Result<qapi::DumpQueryResult> query_dump(qmp::QmpClient& machine) {
    const Json state = TRY(machine.execute("query-dump"));
    return read_state(state.get());
}

Result<> RemoteDump::start(qapi::DumpGuestMemoryArguments arguments) {
    can_cancel_ = TRY(has_command(machine_, "dump-cancel"));
    const int fd = TRY(descriptor_for_machine(arguments));
    const std::string name = name_for(path_);
    TRY(machine_.execute("getfd", naming(name), fd));
    if (relay_) relay_->handed_over();
    arguments.protocol = "fd:" + name;
    arguments.detach = true;
    machine_.forget_events("DUMP_COMPLETED");  // of other clients' dumps
    TRY(machine_.ask("dump-guest-memory", qapi::to_json(arguments)));
    stage_ = Stage::asked;
    TRY(take_reply());
    if (failure_) return *failure_;
    return {};
}

/// The dump has begun, or ended before that. Errors: the wait was interrupted.
Result<> RemoteDump::take_reply() {
    const auto begun = machine_.reply();
    if (!begun && begun.error().os_error() == EINTR) return begun.error();
    if (begun) {
        stage_ = Stage::begun;
        replies_ = machine_.replies();
        return {};
    }
    end(begun.error());
    // Not all machines drop the descriptor of a dump that they refuse.
    (void)machine_.execute("closefd", naming(name_for(path_)));
    return {};
}

void RemoteDump::end(Error failure) {
    stage_ = Stage::ended;
    if (!failure_) failure_ = std::move(failure);
}

/// The target itself; or where only a broken pipe ends the machine's dump, a pipe.
Result<int> RemoteDump::descriptor_for_machine(const qapi::DumpGuestMemoryArguments& arguments) {
    const bool is_raw = arguments.format && dump::is_kdump_raw(*arguments.format);
    if (can_cancel_ || is_raw) return target_.fd();
    relay_ = TRY(PipeRelay::start(target_.fd(), path_));
    return relay_->input();
}

Result<bool> RemoteDump::wait(std::chrono::milliseconds patience) {
    if (stage_ == Stage::asked) TRY(take_reply());
    if (stage_ == Stage::begun) {
        TRY(machine_.wait(patience));
        TRY(judge_events());
    }
    if (stage_ != Stage::ended) return false;
    return relay_ ? relay_->wait(patience, machine_.interrupted_by()) : true;
}

Result<> RemoteDump::judge_events() {
    while (stage_ == Stage::begun) {
        // Kept until the machine has been asked, which a signal may interrupt.
        if (!told_) told_ = machine_.take_event("DUMP_COMPLETED");
        if (!told_) break;
        TRY(judge(*told_));
        told_.reset();
    }
    return {};
}

/// The end of which dump @event tells. Another client's, that ended while ours was asked for, is
/// none of ours, and must not give an unfinished file its name.
Result<> RemoteDump::judge(const qmp::QmpClient::Event& event) {
    const auto then = TRY(read_state(qapi::find(event.data.get(), "result")));
    bool ours = event.replies >= replies_;
    // A machine that tells when a dump began, which is ours, has one at a time, and replies before
    // its end: the first end after the reply is that of our dump, whatever has begun or failed to
    // begin since. QEMU's thread may be faster than its reply.
    if (then.start_time && !ours) return {};
    if (!then.start_time) ours = TRY(is_how_the_latest_ended(then));
    if (ours) stage_ = Stage::ended;
    // Ours may have failed and another one begun since: in doubt no file is called whole.
    if (json_object* error = qapi::find(event.data.get(), "error"); error && !failure_) {
        std::string said;
        TRY(qapi::from_json(error, "error", said));
        failure_ = Error::make("%s", said.c_str());
    }
    if (ours && then.status != qapi::DumpStatus::completed && !failure_)
        failure_ = Error::make("the dump failed, and the machine gave no reason");
    return {};
}

Result<bool> RemoteDump::is_how_the_latest_ended(const qapi::DumpQueryResult& end) {
    const qapi::DumpQueryResult now = TRY(query());
    return now.status != qapi::DumpStatus::active && now.status == end.status &&
           now.completed == end.completed && now.total == end.total;
}

Result<> RemoteDump::cancel() {
    if (relay_) relay_->stop();
    if (stage_ == Stage::idle) {
        // QEMU keeps what it was handed when the client has gone. Nobody waits for the reply.
        (void)machine_.ask("closefd", naming(name_for(path_)));
        end(Error::make("cancelled"));
        return {};
    }
    // The machine's reply, and an end that it has told, come first. Where ours was refused or has
    // ended, it is another client's dump that would be cancelled.
    TRY(wait(0ms));
    if (relay_ || stage_ == Stage::ended) return {};
    if (!can_cancel_) return Error::make("this machine cannot cancel a dump of this format");
    // It may have ended in this moment, and then there is nothing to cancel.
    (void)machine_.execute("dump-cancel");
    return {};
}

Result<uint64_t> RemoteDump::conclude(const std::atomic<bool>& unwanted) {
    TRY(outcome());
    const uint64_t size = target_.size();
    TRY(target_.commit(unwanted));
    return size;
}

/// What became of the bytes. Our own failure to take them is why the machine's dump failed.
Result<> RemoteDump::outcome() {
    if (relay_) TRY(relay_->finish());
    if (failure_) return *failure_;
    return {};
}

}  // namespace guestdump::tools
