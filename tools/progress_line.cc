// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/progress_line.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace tools {

using namespace std::chrono_literals;

ProgressLine::ProgressLine(const dump::Progress& progress, uint64_t total, bool quiet)
    : progress_(progress), total_(total) {
    if (quiet || total == 0 || !::isatty(STDERR_FILENO)) return;
    thread_ = std::jthread([this](std::stop_token stop) { run(std::move(stop)); });
}

ProgressLine::~ProgressLine() = default;

void ProgressLine::run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    bool told = false;
    // What is done before the first look needs no progress.
    while (!wake_.wait_for(lock, stop, 300ms, [&] { return stop.stop_requested(); })) {
        const double done =
            static_cast<double>(progress_.completed()) / static_cast<double>(total_);
        std::fprintf(stderr, "\r%5.1f %%", 100 * done);
        told = true;
    }
    if (told) std::fputs("\r       \r", stderr);
}

}  // namespace tools
