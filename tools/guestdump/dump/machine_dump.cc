// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump/machine_dump.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>

#include "tools/guestdump/dump/dump_result.h"
#include "tools/guestdump/dump/remote_dump.h"
#include "tools/guestdump/signal_watch.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Interval between updates of the progress shown.
constexpr auto kLook = 200ms;

/// Every DumpPhase has the name of a ProgressPhase.
qapi::ProgressPhase shown_phase(qapi::DumpPhase phase) {
    return qapi::parse_progress_phase(to_string(phase)).value_or(qapi::ProgressPhase::memory);
}

/// A dump whose progress is shown and that signals can cancel.
class WatchedDump {
  public:
    WatchedDump(RemoteDump& dump, const Signals& signals, CommandProgress& shown)
        : dump_(dump), signals_(signals), shown_(shown) {}

    /// Returns when the dump has ended. Errors: the dump did not begin; the dump is abandoned,
    /// because the machine has gone or a second signal arrived.
    Result<> run(const qapi::DumpGuestMemoryArguments& arguments) {
        const Result<> started = dump_.start(arguments);
        if (!started) TRY(interrupted(started.error()));
        Result<> seen = watch_to_end();
        shown_.clear();
        return seen;
    }

    /// The signal that cancelled the dump.
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
        if (!shown_.shows_anything() || dump_.machine_has_ended()) return {};
        const Result<qapi::DumpQueryResult> state = dump_.query();
        if (!state) return interrupted(state.error());
        if (state->phase && state->phase != phase_) {
            phase_ = state->phase;
            shown_.enter(shown_phase(*phase_));
        }
        shown_.show(
            {.completed = state->completed, .total = state->total, .remaining = state->remaining});
        return {};
    }

    /// The first signal cancels, the second one exits.
    Result<> interrupted(const Error& why) {
        const std::optional<int> taken = why.os_error() == EINTR ? signals_.take() : std::nullopt;
        if (!taken) return why;
        if (signal_) return Error::make("exited before the machine had cancelled the dump");
        signal_ = taken;
        shown_.clear();
        const Result<> told = dump_.cancel();
        return told ? Result<>() : interrupted(told.error());
    }

    RemoteDump& dump_;
    const Signals& signals_;
    CommandProgress& shown_;
    std::optional<qapi::DumpPhase> phase_;  ///< the latest that was shown
    const Clock::time_point start_ = Clock::now();
    std::optional<int> signal_;
};

/// Handles signals once the machine has finished its part. Destroyed after the file, which may have
/// a private name: signals are held until that name is removed.
struct LastChance {
    std::atomic<bool> unwanted{false};
    std::unique_ptr<SignalWatch> watch{};

    /// @signal is one that arrived before. Errors: no thread could be started.
    Result<> begin(Signals signals, std::optional<int> signal) {
        unwanted = signal.has_value();
        watch = TRY(SignalWatch::start(std::move(signals), [this] { unwanted = true; }));
        return {};
    }
};

}  // namespace

Result<int> dump_by_machine(qmp::QmpClient& machine,
                            const qapi::DumpGuestMemoryArguments& arguments,
                            const std::string& path, std::optional<DumpTarget> target,
                            Manner manner, CommandProgress& shown) {
    LastChance last;
    // Until here a signal may end the program, because there is no file to clean up yet.
    Signals signals = TRY(Signals::hold());
    machine.interrupt_by(signals.fd());
    if (!target) {
        DumpTarget file = TRY(DumpTarget::create(path));
        target.emplace(std::move(file));
    }
    RemoteDump dump(machine, path, *std::move(target));
    WatchedDump watched(dump, signals, shown);
    TRY(watched.run(arguments));
    const double seconds = watched.seconds();
    TRY(last.begin(std::move(signals), watched.signal()));
    if (const auto& state = dump.last_state()) shown.note(state->completed, state->total);
    shown.enter(qapi::ProgressPhase::commit);
    const Result<uint64_t> size = dump.conclude(last.unwanted);
    // The file has its name and stays, so the exit status must report success.
    if (size) Signals::ignore();
    const std::optional<int> signal = watched.signal() ? watched.signal() : last.watch->taken();
    if (signal) {
        // Data that does not go to a file cannot be taken back.
        std::fprintf(stderr, "guestdump dump: %s\n", size ? "too late to cancel" : "cancelled");
        return size ? 0 : status_of_signal(*signal);
    }
    if (!size) return size.error();
    for (const std::string& warning : dump.warnings())
        std::fprintf(stderr, "warning: %s\n", util::printable(warning).c_str());
    report({.path = path, .size = *size, .seconds = seconds}, manner);
    return 0;
}

}  // namespace guestdump::tools
