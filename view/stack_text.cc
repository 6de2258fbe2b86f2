// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>

#include "util/text.h"
#include "view/stack_view.h"

namespace guestdump::view {
namespace {

using util::text;

std::string frame_text(const qapi::GuestFrame& frame) {
    std::string place = text("0x%" PRIx64, frame.address.value);
    if (frame.function) {
        const linux_guest::CodeName name{.function = *frame.function,
                                         .offset = frame.offset.value_or(0),
                                         .size = frame.size.value_or(0),
                                         .module = frame.module.value_or("")};
        place = name.text();
    } else if (frame.module) {
        place += " [" + *frame.module + "]";
    }
    if (frame.kind == qapi::GuestFrameKind::guessed) return "? " + place;
    return place;
}

std::string heading(const qapi::GuestTaskStack& entry) {
    std::string line;
    if (entry.cpu && !entry.task) line = text("CPU %u", *entry.cpu);
    if (!entry.cpu && !entry.task) line = text("vCPU %u", entry.vcpu.value_or(0));
    if (!entry.task) return line;
    line = task_heading(*entry.task);
    return entry.cpu ? text("CPU %u:  ", *entry.cpu) + line : line;
}

}  // namespace

std::string task_heading(const qapi::GuestTask& task) {
    const std::string name = task.kernel_thread ? "[" + task.name + "]" : task.name;
    return text("PID %u  %s  state %s  CPU %u", task.pid, name.c_str(), task.state.c_str(),
                task.cpu);
}

std::string stack_text(const qapi::GuestStack& stack) {
    std::string lines;
    if (stack.user_mode) lines += "    in user mode\n";
    // The interrupted code did not call the code above it, and may be on another stack.
    bool first = true;
    for (const qapi::GuestFrame& frame : stack.frames) {
        const bool interrupted = frame.kind == qapi::GuestFrameKind::interrupted;
        if (interrupted && !first) lines += "    --- interrupted:\n";
        lines += "    " + frame_text(frame) + "\n";
        first = false;
    }
    if (stack.incomplete) lines += "    (incomplete: " + *stack.incomplete + ")\n";
    return lines;
}

std::string stacks_text(const qapi::GuestStacks& stacks) {
    std::string out;
    for (const qapi::GuestTaskStack& entry : stacks.stacks) {
        if (!out.empty()) out += "\n";
        out += heading(entry) + "\n" + stack_text(entry.stack);
    }
    return out;
}

}  // namespace guestdump::view
