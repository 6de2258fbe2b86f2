// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/copy_display.h"

#include <unistd.h>

#include <cstdio>

#include "tools/info_text.h"
#include "tools/progress_text.h"

namespace guestdump::tools {

CopyDisplay::CopyDisplay(const char* command, std::string what, CommandProgress* progress)
    : what_(std::move(what)),
      progress_(progress),
      style_(progress ? progress->style() : ProgressStyle::people),
      terminal_(style_ == ProgressStyle::people && ::isatty(STDERR_FILENO) == 1) {
    if (style_ == ProgressStyle::people && !terminal_)
        std::fprintf(stderr, "guestdump %s: %s\n", command, what_.c_str());
    if (progress_) progress_->enter(qapi::ProgressPhase::copy, 0);
}

CopyDisplay::~CopyDisplay() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    if (progress_) progress_->enter(qapi::ProgressPhase::prepare, 0);
}

void CopyDisplay::show(uint64_t bytes) {
    constexpr auto kInterval = std::chrono::milliseconds(200);
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + kInterval;
    if (style_ == ProgressStyle::json) progress_->show({.completed = bytes});
    if (!terminal_) return;
    const std::chrono::duration<double> passed = now - start_;
    std::fprintf(stderr, "\r%s: %s, %s\x1b[K", what_.c_str(), short_size_text(bytes).c_str(),
                 rate_text(bytes, passed.count()).c_str());
    shown_ = true;
}

}  // namespace guestdump::tools
