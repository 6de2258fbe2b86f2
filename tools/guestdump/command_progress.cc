// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/command_progress.h"

#include <cstdio>

#include "qapi/json.h"
#include "qapi/marshal.h"
#include "tools/guestdump/report.h"
#include "tools/guestdump/signal_watch.h"

namespace guestdump::tools {
namespace {

using qapi::ProgressPhase;
using Where = ProgressDisplay::Where;

ProgressPhase end_of(const Result<int>& status) {
    if (!status) return ProgressPhase::failed;
    if (*status > status_of_signal(0)) return ProgressPhase::cancelled;
    // A command on several files goes on after an error, and fails at the end.
    return *status < kTrouble ? ProgressPhase::completed : ProgressPhase::failed;
}

}  // namespace

CommandProgress::CommandProgress(const char* command, ProgressStyle style, Where where)
    : style_(style), display_(style == ProgressStyle::people ? where : Where::nowhere) {
    report_.command = command;
    report_.phase = ProgressPhase::prepare;
    print();
}

void CommandProgress::set_file(const std::string& path) {
    const std::lock_guard lock(mutex_);
    report_.filename = path;
}

void CommandProgress::enter(ProgressPhase phase, std::optional<uint64_t> total) {
    const std::lock_guard lock(mutex_);
    const bool begins_anew = total.has_value();
    if (begins_anew) report_.completed = 0;
    report_.total = total.value_or(report_.total);
    report_.phase = phase;
    if (phase == ProgressPhase::commit) report_.completed = report_.total;
    report_.remaining.reset();
    print();
}

void CommandProgress::show(ProgressView view) {
    const std::lock_guard lock(mutex_);
    view.seconds = seconds();
    view.committing = report_.phase == ProgressPhase::commit;
    if (!view.remaining) view = with_guess(view);
    report_.completed = view.completed;
    report_.total = view.total;
    report_.remaining = view.remaining;
    display_.show(view);
    print();
}

void CommandProgress::note(uint64_t completed, uint64_t total) {
    const std::lock_guard lock(mutex_);
    report_.completed = completed;
    report_.total = total;
}

void CommandProgress::clear() {
    const std::lock_guard lock(mutex_);
    display_.clear();
}

Result<int> CommandProgress::end(Result<int> status) {
    const std::lock_guard lock(mutex_);
    display_.clear();
    report_.phase = end_of(status);
    report_.remaining.reset();
    report_.exit_status = status ? *status : kTrouble;
    if (!status) report_.error = status.error().message();
    print();
    return status;
}

/// Whole microseconds.
double CommandProgress::seconds() const {
    const auto since = std::chrono::steady_clock::now() - start_;
    return static_cast<double>(std::chrono::round<std::chrono::microseconds>(since).count()) / 1e6;
}

/// One write for each line, so that lines of several processes do not mix.
void CommandProgress::print() const {
    if (!json()) return;
    qapi::ProgressReport report = report_;
    report.seconds = seconds();
    const std::string line = qapi::to_text(qapi::to_json(report).get()) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace guestdump::tools
