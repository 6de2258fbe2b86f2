// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/terminal_monitor.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>

#include "dump/dump_state.h"
#include "monitor/hmp/hmp_command.h"
#include "monitor/hmp/hmp_complete.h"
#include "monitor/transport/main_loop.h"
#include "monitor/version.h"
#include "tools/guestdump-vm/screen_text.h"

namespace guestdump::tools {

namespace {

constexpr unsigned kLook = 200;  // ms between two updates of the progress bar
constexpr char kEndOfText = '\x03';

LineEditor::Completion complete(std::string_view line) {
    const monitor::HmpCompletions found = monitor::complete_hmp_line(line);
    const std::string_view word = line.substr(found.word);
    const std::string common = monitor::common_beginning(found.words);
    if (found.words.empty()) return {.keep = line.size()};
    if (found.words.size() == 1) {
        return {.keep = found.word, .insert = common + (common.ends_with('/') ? "" : " ")};
    }
    if (common.size() > word.size()) return {.keep = found.word, .insert = common};
    return {.keep = line.size(), .insert = "", .show = columns_of(found.words)};
}

}  // namespace

Result<std::unique_ptr<TerminalMonitor>> TerminalMonitor::open(monitor::Services& services) {
    util::Wakeup wake = TRY(util::Wakeup::create());
    util::Wakeup answered = TRY(util::Wakeup::create());
    return std::unique_ptr<TerminalMonitor>(
        new TerminalMonitor(services, std::move(wake), std::move(answered)));
}

TerminalMonitor::TerminalMonitor(monitor::Services& services, util::Wakeup wake,
                                 util::Wakeup answered)
    : monitor_(services),
      wake_(std::move(wake)),
      answered_(std::move(answered)),
      display_(ProgressDisplay::Where::terminal),
      weak_this_(this) {
    std::printf("%s monitor - type 'help' for more information\r\n",
                monitor::version_info().package.c_str());
    thread_ = std::jthread([this] { read_lines(); });
}

TerminalMonitor::~TerminalMonitor() {
    stop_progress();
    wake_.raise();
}

void TerminalMonitor::read_lines() {
    LineEditor editor("guestdump-vm", "(qemu) ", complete, wake_.fd());
    while (auto line = editor.read_line()) {
        monitor::post_to_main_loop(
            weak_this_.guard([line = std::move(*line)](TerminalMonitor& self) { self.ask(line); }));
        editor.type_ahead(wait_for_answer());
    }
    std::fputs("\r\n", stdout);
    std::fflush(stdout);
}

/// Returns what was typed during the wait.
std::string TerminalMonitor::wait_for_answer() {
    std::string typed;
    int input = STDIN_FILENO;
    while (true) {
        std::array<pollfd, 3> waits = {{
            {.fd = input, .events = POLLIN, .revents = 0},
            {.fd = answered_.fd(), .events = POLLIN, .revents = 0},
            {.fd = wake_.fd(), .events = POLLIN, .revents = 0},
        }};
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;
        if (waits[2].revents || answered_.take()) return typed;
        if (!waits[0].revents) continue;
        char key = 0;
        if (::read(STDIN_FILENO, &key, 1) != 1) {
            input = -1;  // the terminal has gone; still waits for the command
        } else if (key != kEndOfText) {
            typed += key;
        } else {
            typed.clear();
            monitor::post_to_main_loop(
                weak_this_.guard([](TerminalMonitor& self) { self.cancel(); }));
        }
    }
}

void TerminalMonitor::ask(const std::string& line) {
    const bool another_dump = monitor_.services.dump.active();
    waits_ = true;
    asked_at_ = g_get_monotonic_time();
    progress_source_ = g_timeout_add(kLook, &TerminalMonitor::look, this);
    monitor::run_hmp_line(monitor_, line,
                          weak_this_.guard([](TerminalMonitor& self, const std::string& output) {
                              self.answer(output);
                          }));
    dumps_ = waits_ && !another_dump && monitor_.services.dump.active();
}

void TerminalMonitor::answer(const std::string& output) {
    waits_ = dumps_ = false;
    stop_progress();
    std::fputs(on_screen(output).c_str(), stdout);
    std::fflush(stdout);
    answered_.raise();
}

/// Cancels only what this terminal waits for, and no other client's dump.
void TerminalMonitor::cancel() {
    if (dumps_) return monitor_.services.dump.cancel();
    if (!waits_ || !monitor_.inspection) return;
    monitor_.inspection.reset();  // it will not reply
    answer("Error: cancelled\r\n");
}

gboolean TerminalMonitor::look(gpointer self) {
    static_cast<TerminalMonitor*>(self)->show_progress();
    return G_SOURCE_CONTINUE;
}

void TerminalMonitor::show_progress() {
    if (!dumps_) return;
    const qapi::DumpQueryResult state = monitor_.services.dump.query();
    const auto passed = static_cast<double>(g_get_monotonic_time() - asked_at_);
    display_.show({.completed = state.completed,
                   .total = state.total,
                   .seconds = passed / G_USEC_PER_SEC,
                   .remaining = state.remaining,
                   .committing = state.phase == qapi::DumpPhase::commit});
}

void TerminalMonitor::stop_progress() {
    if (progress_source_ != 0) g_source_remove(std::exchange(progress_source_, 0));
    display_.clear();
}

}  // namespace guestdump::tools
