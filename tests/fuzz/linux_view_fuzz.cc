// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdlib>

#include "tests/view/small_guest.h"
#include "view/report_view.h"
#include "view/stack_view.h"
#include "view/task_view.h"

using namespace guestdump;

namespace {

using linux_guest::SmallLinux;

constexpr size_t kChange = 12;  ///< four bytes of place, eight of contents

void check(bool truth) {
    if (!truth) std::abort();
}

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '\n' || c == '\t' || (c & 0x80) || c >= ' '; });
}

void check_stack(const qapi::GuestStack& stack) {
    check(stack.frames.size() <= linux_guest::kMostFrames);
    check(stack.frames.empty() || !stack.user_mode);
}

}  // namespace

/// A small kernel some of whose memory is changed: every question about it ends, in answers that a
/// terminal can show.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    SmallLinux image;
    const auto input = std::as_bytes(std::span(data, size));
    for (size_t at = 0; at + kChange <= size; at += kChange) {
        const uint64_t place = support::le32_at(input, at) % (SmallLinux::kSize - 8);
        support::put_bytes(image.image(), place, input.subspan(at + 4, 8));
    }
    view::SmallLook small(image);
    const qapi::GuestReport report = view::report_view(*small.look);
    check(is_printable(view::report_text(report)));
    for (const qapi::GuestTaskStack& entry : report.cpus) check_stack(entry.stack);
    const auto tasks = view::tasks_view(small.kernel(), {.threads = true});
    if (tasks) check(is_printable(view::tasks_text(*tasks, true, true)));
    const auto stacks = view::task_stacks_view(small.kernel(), {.threads = true});
    if (stacks) check(is_printable(view::stacks_text(*stacks)));
    return 0;
}
