// SPDX-License-Identifier: GPL-2.0-or-later
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/dump_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/remote_dump.h"
#include "tools/guestdump/signal_watch.h"
#include "tools/info_text.h"
#include "tools/progress_display.h"

namespace guestdump::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How often a person wants to see it move.
constexpr auto kLook = 200ms;

/// A dump, a person who looks at it, and who may have enough of it.
class WatchedDump {
  public:
    WatchedDump(RemoteDump& dump, const Signals& signals, bool quiet)
        : dump_(dump),
          signals_(signals),
          display_(quiet ? ProgressDisplay::Where::nowhere : ProgressDisplay::Where::anywhere) {}

    /// Returns when the dump has ended. Errors: it has not begun; it is left to itself, because the
    /// machine is gone or the person has no patience.
    Result<> run(const qapi::DumpGuestMemoryArguments& arguments) {
        const Result<> started = dump_.start(arguments);
        if (!started) TRY(interrupted(started.error()));
        Result<> seen = watch_to_end();
        display_.clear();
        return seen;
    }

    /// The signal that cancelled it.
    std::optional<int> signal() const { return signal_; }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  private:
    Result<> watch_to_end() {
        while (true) {
            const Result<bool> ended = dump_.wait(kLook);
            if (ended && *ended) return {};
            if (ended && !signal_) TRY(show());
            if (!ended) TRY(interrupted(ended.error()));
        }
    }

    Result<> show() {
        if (!display_.shows_anything() || dump_.machine_has_ended()) return {};
        const Result<qapi::DumpQueryResult> state = dump_.query();
        if (!state) return interrupted(state.error());
        ProgressView view = with_guess(
            {.completed = state->completed, .total = state->total, .seconds = seconds()});
        if (state->remaining) view.remaining = state->remaining;
        view.committing = state->phase == qapi::DumpPhase::commit;
        display_.show(view);
        return {};
    }

    /// The first signal cancels, the second one leaves.
    Result<> interrupted(const Error& why) {
        const std::optional<int> taken = why.os_error() == EINTR ? signals_.take() : std::nullopt;
        if (!taken) return why;
        if (signal_) return Error::make("exited before the machine had cancelled the dump");
        signal_ = taken;
        display_.clear();
        const Result<> told = dump_.cancel();
        return told ? Result<>() : interrupted(told.error());
    }

    RemoteDump& dump_;
    const Signals& signals_;
    ProgressDisplay display_;
    const Clock::time_point start_ = Clock::now();
    std::optional<int> signal_;
};

/// What a signal does once the machine has nothing to do any more. Goes after the file, which may
/// have a private name: until that is gone signals are held.
struct LastChance {
    std::atomic<bool> unwanted{false};
    std::unique_ptr<SignalWatch> watch{};

    /// @signal came before. Errors: no thread.
    Result<> begin(Signals signals, std::optional<int> signal) {
        unwanted = signal.has_value();
        watch = TRY(SignalWatch::start(std::move(signals), [this] { unwanted = true; }));
        return {};
    }
};

void tell_size(const std::string& path, uint64_t size, double seconds) {
    const std::string what = size ? size_text(size) : "complete";
    std::fprintf(stderr, "%s: %s in %.1f s\n", path.c_str(), what.c_str(), seconds);
}

Result<int> dump(const std::string& socket, const qapi::DumpGuestMemoryArguments& arguments,
                 const std::string& path, bool quiet) {
    // A FIFO's reader may be long in coming: meanwhile the machine's monitor is free for others.
    std::optional<DumpTarget> target = TRY(DumpTarget::open(path));
    const auto machine = TRY(qmp::QmpClient::connect(socket));
    LastChance last;
    // Until here a signal may end the program: there is nothing yet that it would leave.
    Signals signals = TRY(Signals::hold());
    machine->interrupt_by(signals.fd());
    if (!target) {
        DumpTarget file = TRY(DumpTarget::create(path));
        target.emplace(std::move(file));
    }
    RemoteDump dump(*machine, path, *std::move(target));
    WatchedDump watched(dump, signals, quiet);
    TRY(watched.run(arguments));
    const double seconds = watched.seconds();
    TRY(last.begin(std::move(signals), watched.signal()));
    const Result<uint64_t> size = dump.conclude(last.unwanted);
    // What has its name is there to stay, and the exit status is to say so.
    if (size) Signals::ignore();
    const std::optional<int> signal = watched.signal() ? watched.signal() : last.watch->taken();
    if (signal) {
        // What goes to no file cannot be taken back.
        std::fprintf(stderr, "guestdump dump: %s\n", size ? "too late to cancel" : "cancelled");
        return size ? 0 : status_of_signal(*signal);
    }
    if (!size) return size.error();
    if (!quiet) tell_size(path, *size, seconds);
    return 0;
}

/// Prints what a dump would take.
Result<int> estimate(const std::string& socket, const qapi::DumpGuestMemoryArguments& dump) {
    if (dump.paging || dump.level || dump.share_pages || dump.find_vmcoreinfo) {
        return Error::make("--estimate takes --format, --begin and --length only");
    }
    qapi::QueryDumpEstimateArguments arguments;
    arguments.format = dump.format;
    arguments.begin = dump.begin;
    arguments.length = dump.length;
    const auto machine = TRY(qmp::QmpClient::connect(socket));
    const qapi::Json reply = TRY(machine->execute("query-dump-estimate", qapi::to_json(arguments)));
    qapi::DumpEstimate size;
    TRY(qapi::from_json(reply.get(), "", size));
    std::printf("expected:       %s\n", size_text(size.bytes).c_str());
    std::printf("at least:       %s\n", size_text(size.lowest).c_str());
    std::printf("at most:        %s\n", size_text(size.highest).c_str());
    std::printf("without holes:  %s\n", size_text(size.without_holes).c_str());
    return 0;
}

}  // namespace

Result<int> dump_command(int argc, char** argv) {
    DumpOptions options;
    OptionText qmp;
    gboolean quiet = FALSE, only_estimate = FALSE;
    std::vector<GOptionEntry> entries = options.entries();
    entries.push_back({"qmp", 0, 0, G_OPTION_ARG_STRING, qmp.address(),
                       "path of the QMP socket (default: $GUESTDUMP_QMP)", "SOCKET"});
    entries.push_back({"quiet", 0, 0, G_OPTION_ARG_NONE, &quiet, "print only errors", nullptr});
    entries.push_back({"estimate", 0, 0, G_OPTION_ARG_NONE, &only_estimate,
                       "print how many bytes the dump would take, and do not dump", nullptr});
    entries.push_back({});
    const auto operands = TRY(parse_command_line(argc, argv, "[FILE]", 0, 1, entries.data()));
    const auto arguments = TRY(options.arguments());
    const std::string socket = TRY(parse_socket(qmp));
    if (only_estimate) return estimate(socket, arguments);
    if (operands.empty()) return Error::make("0 operands where 1 are expected: FILE");
    return dump(socket, arguments, operands[0], quiet != FALSE);
}

}  // namespace guestdump::tools
