// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/progress_line.h"

#include <chrono>

namespace guestdump::tools {

using namespace std::chrono_literals;
using Where = ProgressDisplay::Where;

ProgressLine::ProgressLine(const dump::Progress& progress, uint64_t total, bool quiet)
    : progress_(progress),
      total_(total),
      display_(quiet || total == 0 ? Where::nowhere : Where::terminal) {
    if (!display_.shows_anything()) return;
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

ProgressLine::~ProgressLine() = default;

void ProgressLine::run(std::stop_token stop) {
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    // What is done before the first look needs no progress.
    while (!wake_.wait_for(lock, stop, 300ms, [&] { return stop.stop_requested(); })) {
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
        display_.show(with_guess(
            {.completed = progress_.completed(), .total = total_, .seconds = passed.count()}));
    }
}

}  // namespace guestdump::tools
