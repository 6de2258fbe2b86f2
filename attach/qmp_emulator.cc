// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/qmp_emulator.h"

#include <algorithm>

#include "attach/questions.h"
#include "qapi/visit.h"

namespace guestdump::attach {

using qapi::Json;

namespace {

/// QEMU's name for the pipe. It is always the same, so that `getfd` replaces a descriptor that a
/// client left when it died.
constexpr const char* kPipeName = "guestdump";

Json naming(std::string_view name) {
    Json arguments = qapi::make_object();
    qapi::add(arguments, "fdname", qapi::to_json(name));
    return arguments;
}

/// Arguments of dump-guest-memory. Without `detach` QEMU's main loop would write the dump, and
/// would not answer until the dump has ended.
Json dump_into_pipe() {
    Json arguments = qapi::make_object();
    qapi::add(arguments, "paging", qapi::to_json(false));
    qapi::add(arguments, "protocol", qapi::to_json(std::string("fd:") + kPipeName));
    qapi::add(arguments, "detach", qapi::to_json(true));
    return arguments;
}

}  // namespace

Result<std::unique_ptr<QmpEmulator>> QmpEmulator::connect(const std::string& path,
                                                          qmp::Patience patience) {
    std::unique_ptr<qmp::QmpClient> client =
        TRY(qmp::QmpClient::connect(path, std::move(patience)));
    return std::unique_ptr<QmpEmulator>(new QmpEmulator(std::move(client), path));
}

Result<Json> QmpEmulator::ask(std::string_view command, Json arguments) {
    return client_->execute(command, std::move(arguments));
}

Result<Process> QmpEmulator::process() {
    const pid_t pid = TRY(client_->peer());
    if (pid == 0)
        return Error::make("the process behind '%s' is in another PID namespace", path_.c_str());
    Process process = TRY(Process::open(pid));
    const std::vector<pid_t> threads = TRY(vcpu_threads(*this));
    const bool runs_all = std::ranges::all_of(
        threads, [&process](pid_t thread) { return process.has_thread(thread); });
    TRY(process.check_alive());
    if (runs_all) return process;
    return Error::make("process %d listens at '%s', but does not run the guest",
                       static_cast<int>(pid), path_.c_str());
}

Result<> QmpEmulator::begin_dump(HoldPipe& pipe) {
    TRY(pass(kPipeName, pipe.input()));
    pipe.close_input();
    for (const char* event : {"DUMP_COMPLETED", "RESUME"}) client_->forget_events(event);
    Result<Json> begun = client_->execute("dump-guest-memory", dump_into_pipe());
    if (begun) return {};
    // QEMU keeps the descriptor after some refusals. The reply is not waited for.
    (void)client_->ask("closefd", naming(kPipeName));
    return std::move(begun).take_error();
}

Result<> QmpEmulator::pass(const std::string& name, int fd) {
    TRY(client_->execute("getfd", naming(name), fd));
    return {};
}

Result<bool> QmpEmulator::await_end(bool runs, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    const auto ended = TRY(await_event("DUMP_COMPLETED", end));
    if (!ended || !runs) return ended.has_value();
    const auto resumed = TRY(await_event("RESUME", end));
    return resumed.has_value();
}

/// Waits for the event @name. Empty if it has not come by @end.
Result<std::optional<qmp::QmpClient::Event>> QmpEmulator::await_event(
    std::string_view name, std::chrono::steady_clock::time_point end) {
    using std::chrono::ceil, std::chrono::milliseconds, std::chrono::steady_clock;
    while (true) {
        std::optional<qmp::QmpClient::Event> event = client_->take_event(name);
        const auto left = ceil<milliseconds>(end - steady_clock::now());
        if (event || left.count() <= 0) return event;
        TRY(client_->wait(left));
    }
}

Result<> QmpEmulator::watch_events() {
    for (const char* event : {"STOP", "RESUME"}) client_->forget_events(event);
    return {};
}

Result<std::optional<int64_t>> QmpEmulator::take_event(std::string_view name,
                                                       std::chrono::milliseconds patience) {
    const auto event = TRY(await_event(name, std::chrono::steady_clock::now() + patience));
    return event ? std::optional(event->time_us) : std::nullopt;
}

}  // namespace guestdump::attach
