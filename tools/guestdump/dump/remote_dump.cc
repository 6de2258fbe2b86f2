// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/remote_dump.h"

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "dump/arguments.h"
#include "qapi/marshal.h"

namespace guestdump::tools {

using namespace std::chrono_literals;
using qapi::Json;

namespace {

/// Returns the name under which the machine knows the descriptor, also in its errors. A name must
/// not begin with a digit.
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

/// Ignores members that later versions of a machine may add.
Result<qapi::DumpQueryResult> read_state(json_object* json) {
    qapi::DumpQueryResult state;
    auto members = TRY(qapi::ObjectReader::open(json, "query-dump"));
    TRY(members.member("status", state.status));
    TRY(members.member("completed", state.completed));
    TRY(members.member("total", state.total));
    TRY(members.member("phase", state.phase));
    TRY(members.member("start-time", state.start_time));
    TRY(members.member("remaining", state.remaining));
    TRY(members.member("judged", state.judged));
    TRY(members.member("live", state.live));
    return state;
}

/// Reduces @arguments to those that QEMU's command has: drops threads, share-pages and
/// find-vmcoreinfo. Errors: exclude, level or max-mappings is set.
Result<> leave_qemus(qapi::DumpGuestMemoryArguments& arguments) {
    const std::pair<const char*, bool> ours[] = {
        {"--exclude or -d", arguments.exclude.has_value()},
        {"--level", arguments.level.has_value()},
        {"--max-mappings", arguments.max_mappings.has_value()},
    };
    for (const auto& [option, given] : ours) {
        if (given) {
            return Error::make(
                "QEMU's own dump has no %s; guestdump must read the guest's memory for that",
                option);
        }
    }
    // It has one thread, shares only zero pages, and searches for nothing.
    arguments.threads.reset();
    arguments.share_pages.reset();
    arguments.find_vmcoreinfo.reset();
    return {};
}

}  // namespace

Result<qapi::DumpQueryResult> query_dump(qmp::QmpClient& machine) {
    const Json state = TRY(machine.execute("query-dump"));
    return read_state(state.get());
}

Result<bool> dumps_like_us(qmp::QmpClient& machine) {
    return has_command(machine, "dump-cancel");
}

Result<> RemoteDump::start(qapi::DumpGuestMemoryArguments arguments) {
    can_cancel_ = TRY(dumps_like_us(machine_));
    if (!can_cancel_) TRY(leave_qemus(arguments));
    const int fd = TRY(descriptor_for_machine(arguments));
    const std::string name = name_for(path_);
    TRY(machine_.execute("getfd", naming(name), fd));
    if (relay_) relay_->handed_over();
    arguments.protocol = "fd:" + name;
    arguments.detach = true;
    machine_.forget_events("DUMP_COMPLETED");  // left by other clients' dumps
    TRY(machine_.ask("dump-guest-memory", qapi::to_json(arguments)));
    stage_ = Stage::asked;
    TRY(take_reply());
    if (failure_) return *failure_;
    return {};
}

/// Waits until the dump has begun or was refused. Errors: the wait was interrupted.
Result<> RemoteDump::take_reply() {
    const auto begun = machine_.reply();
    if (!begun && begun.error().os_error() == EINTR) return begun.error();
    if (begun) {
        stage_ = Stage::begun;
        replies_ = machine_.replies();
        return {};
    }
    end(begun.error());
    // Some machines keep the descriptor of a dump that they refuse.
    (void)machine_.execute("closefd", naming(name_for(path_)));
    return {};
}

void RemoteDump::end(Error failure) {
    stage_ = Stage::ended;
    if (!failure_) failure_ = std::move(failure);
}

/// Returns the target itself, or a pipe if closing a pipe is the only way to cancel the machine's
/// dump.
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
        // Kept until judge() succeeds, because a signal may interrupt its query.
        if (!told_) told_ = machine_.take_event("DUMP_COMPLETED");
        if (!told_) break;
        TRY(judge(*told_));
        told_.reset();
    }
    return {};
}

/// Decides whether @event reports the end of our dump. The event of another client's dump that
/// ended while ours was requested must not give an unfinished file its name.
Result<> RemoteDump::judge(const qmp::QmpClient::Event& event) {
    const auto then = TRY(read_state(qapi::find(event.data.get(), "result")));
    bool ours = event.replies >= replies_;
    // A machine that reports when a dump began (guestdump-vm) runs one at a time, and replies
    // before the dump ends. So the first event after the reply is ours, whatever has begun or
    // failed to begin since. QEMU's thread may send the event before the reply.
    if (then.start_time && !ours) return {};
    if (!then.start_time) ours = TRY(is_how_the_latest_ended(then));
    if (ours) stage_ = Stage::ended;
    // Ours may have failed and another dump begun since; in doubt the file counts as incomplete.
    if (json_object* error = qapi::find(event.data.get(), "error"); error && !failure_) {
        std::string said;
        TRY(qapi::from_json(error, "error", said));
        failure_ = Error::make("%s", said.c_str());
    }
    if (ours) last_state_ = then;
    if (ours) TRY(take_warnings(event));
    if (ours && then.status != qapi::DumpStatus::completed && !failure_)
        failure_ = Error::make("the dump failed, and the machine gave no reason");
    return {};
}

Result<> RemoteDump::take_warnings(const qmp::QmpClient::Event& event) {
    if (json_object* warnings = qapi::find(event.data.get(), "warnings"))
        TRY(qapi::from_json(warnings, "warnings", warnings_));
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
        // QEMU keeps a passed descriptor after the client has gone. The reply is not waited for.
        (void)machine_.ask("closefd", naming(name_for(path_)));
        end(Error::make("cancelled"));
        return {};
    }
    // First handles the machine's reply and an event that has arrived: if our dump was refused or
    // has ended, dump-cancel would cancel another client's dump.
    TRY(wait(0ms));
    if (relay_ || stage_ == Stage::ended) return {};
    if (!can_cancel_) return Error::make("this machine cannot cancel a dump of this format");
    // The dump may have just ended; then there is nothing to cancel, and the error is ignored.
    (void)machine_.execute("dump-cancel");
    return {};
}

Result<uint64_t> RemoteDump::conclude(const std::atomic<bool>& unwanted) {
    TRY(outcome());
    const uint64_t size = target_.size();
    TRY(target_.commit(unwanted));
    return size;
}

/// Returns the result of the data transfer. If our own write failed, that made the machine's dump
/// fail, so it is reported first.
Result<> RemoteDump::outcome() {
    if (relay_) TRY(relay_->finish());
    if (failure_) return *failure_;
    return {};
}

}  // namespace guestdump::tools
