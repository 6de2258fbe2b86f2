// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/remote_dump.h"

#include <string>
#include <vector>

#include "qapi/marshal.h"

namespace tools {

using qapi::Json;
using util::Error;
using util::Result;
using Format = qapi::DumpGuestMemoryFormat;

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

Result<bool> has_command(QmpClient& machine, std::string_view name) {
    const Json list = TRY(machine.execute("query-commands"));
    for (json_object* command : TRY(qapi::elements(list.get(), "query-commands"))) {
        std::string one;
        auto known = TRY(qapi::ObjectReader::open(command, "query-commands"));
        TRY(known.member("name", one));
        if (one == name) return true;
    }
    return false;
}

bool needs_seekable(const qapi::DumpGuestMemoryArguments& arguments) {
    const Format format = arguments.format.value_or(Format::elf);
    return format == Format::kdump_raw_zlib || format == Format::kdump_raw_lzo ||
           format == Format::kdump_raw_snappy || format == Format::kdump_raw_zstd;
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

Result<qapi::DumpQueryResult> query_dump(QmpClient& machine) {
    const Json state = TRY(machine.execute("query-dump"));
    return read_state(state.get());
}

Result<RemoteDump> RemoteDump::create(QmpClient& machine, const std::string& path) {
    DumpTarget target = TRY(DumpTarget::open(path));
    return RemoteDump(machine, path, std::move(target));
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
    const auto started = machine_.execute("dump-guest-memory", qapi::to_json(arguments));
    if (started) return {};
    // Not all machines drop the descriptor of a dump that they refuse.
    (void)machine_.execute("closefd", naming(name));
    return started.error();
}

/// The target itself; or where only a broken pipe ends the machine's dump, a pipe.
Result<int> RemoteDump::descriptor_for_machine(const qapi::DumpGuestMemoryArguments& arguments) {
    if (can_cancel_ || needs_seekable(arguments)) return target_.fd();
    relay_ = TRY(PipeRelay::start(target_.fd(), path_));
    return relay_->input();
}

Result<bool> RemoteDump::wait(std::chrono::milliseconds patience) {
    if (!ended_) TRY(machine_.wait(patience));
    while (!ended_) {
        // Kept until the machine has been asked, which a signal may interrupt.
        if (!told_) told_ = machine_.take_event("DUMP_COMPLETED");
        if (!told_) break;
        TRY(judge(told_->get()));
        told_.reset();
    }
    return ended_;
}

/// The end of which dump @event tells. Another client's, that ended while ours was asked for, is
/// none of ours, and must not give an unfinished file its name.
Result<> RemoteDump::judge(json_object* event) {
    const qapi::DumpQueryResult now = TRY(query());
    const auto then = TRY(read_state(qapi::find(event, "result")));
    ended_ = now.status != qapi::DumpStatus::active && now.status == then.status &&
             now.completed == then.completed && now.total == then.total;
    // Ours may have failed and another one begun since: in doubt no file is called whole.
    if (json_object* error = qapi::find(event, "error"); error && !failure_) {
        std::string said;
        TRY(qapi::from_json(error, "error", said));
        failure_ = Error::make("%s", said.c_str());
    }
    return {};
}

Result<> RemoteDump::cancel() {
    if (relay_) {
        relay_->stop();
        return {};
    }
    if (!can_cancel_) return Error::make("this machine cannot cancel a dump of this format");
    // It may have ended in this moment, and then there is nothing to cancel.
    (void)machine_.execute("dump-cancel");
    return {};
}

Result<uint64_t> RemoteDump::conclude() {
    TRY(outcome());
    const uint64_t size = target_.size();
    TRY(target_.commit());
    return size;
}

/// What became of the bytes. Our own failure to take them is why the machine's dump failed.
Result<> RemoteDump::outcome() {
    if (relay_) TRY(relay_->finish());
    if (failure_) return *failure_;
    return {};
}

}  // namespace tools
