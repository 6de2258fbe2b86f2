// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/progress_line.h"

#include <chrono>

namespace guestdump::tools {

using namespace std::chrono_literals;
ProgressLine::ProgressLine(const dump::Progress& progress, uint64_t total, CommandProgress& shown)
    : progress_(progress), total_(total), shown_(shown) {
    if (total == 0 || !shown.shows_anything()) return;
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

ProgressLine::~ProgressLine() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
    shown_.note(progress_.completed(), total_);
    shown_.clear();
}

void ProgressLine::run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    // An operation that ends within this time needs no progress.
    while (!wake_.wait_for(lock, stop, 300ms, [&] { return stop.stop_requested(); })) {
        shown_.show({.completed = progress_.completed(), .total = total_});
    }
}

}  // namespace guestdump::tools
