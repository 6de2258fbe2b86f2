// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace guestdump::tools {
namespace {

constexpr unsigned kUsualColumns = 80;

unsigned columns() {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : kUsualColumns;
}

}  // namespace

ProgressDisplay::ProgressDisplay(Where where) {
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    terminal_ = is_terminal && where != Where::nowhere;
    lines_ = !is_terminal && where == Where::anywhere;
}

void ProgressDisplay::show(const ProgressView& view) {
    if (lines_) return show_line(view);
    if (!terminal_) return;
    // One column stays free: some terminals start a new line after a character in the last one.
    std::fprintf(stderr, "\r%s\x1b[K", progress_text(view, columns() - 1).c_str());
    std::fflush(stderr);
    shown_ = true;
}

void ProgressDisplay::clear() {
    if (!shown_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    shown_ = false;
}

void ProgressDisplay::show_line(const ProgressView& view) {
    if (view.total == 0 || view.completed / (view.total / 10 + 1) < next_tenth_) return;
    std::fprintf(stderr, "%s\n", progress_words(view).c_str());
    next_tenth_ = static_cast<unsigned>(view.completed / (view.total / 10 + 1)) + 1;
}

}  // namespace guestdump::tools
