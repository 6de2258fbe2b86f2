// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/task_view.h"

#include "util/text.h"
#include "view/printable.h"

namespace guestdump::view {
namespace {

using linux_guest::Stack;
using linux_guest::StackFrame;
using linux_guest::Task;

/// Number of frames read to find the function that a task waits in. The scheduler's own frames,
/// which are skipped, are fewer.
constexpr size_t kFramesOfScheduler = 16;

std::optional<std::string> waits_in(linux_guest::GuestKernel& kernel, const Stack& stack) {
    const auto names = kernel.names();
    if (!names) return std::nullopt;
    for (const StackFrame& frame : stack.frames) {
        if (frame.guessed) continue;
        const guest::Gva call{frame.instruction.value - (frame.interrupted ? 0 : 1)};
        if ((*names)->is_scheduler(call)) continue;
        const auto name = (*names)->find(frame.instruction, !frame.interrupted);
        if (name && !name->function.empty()) return name->function;
    }
    return std::nullopt;
}

}  // namespace

bool TaskFilter::wants(const Task& task) const {
    if (pid) return task.pid == *pid;
    return (threads || task.is_leader()) && (!state || task.state == *state);
}

qapi::GuestTask task_view(linux_guest::GuestKernel& kernel, const Task& task, const Stack* stack) {
    qapi::GuestTask view;
    view.address = task.address.value;
    view.pid = task.pid;
    view.tgid = task.tgid;
    view.parent = task.parent;
    view.name = printable_word(task.name());
    view.state = std::string(1, task.state);
    view.cpu = task.cpu;
    view.running = task.on_cpu;
    view.kernel_thread = task.is_kernel;
    if (stack && !task.on_cpu) view.waits_in = waits_in(kernel, *stack);
    return view;
}

std::optional<std::string> why_incomplete(const linux_guest::GuestKernel& kernel,
                                          const std::string& known) {
    if (!known.empty()) return util::printable(known);
    if (kernel.timed_out()) return "reading the guest's memory took longer than its time limit";
    return std::nullopt;
}

Result<qapi::GuestTasks> tasks_view(linux_guest::GuestKernel& kernel, const TaskFilter& filter) {
    const linux_guest::TaskList list = TRY(kernel.tasks());
    qapi::GuestTasks view;
    for (const Task& task : list.tasks) {
        if (!filter.wants(task)) continue;
        if (kernel.timed_out()) {  // the task itself was read before
            view.tasks.push_back(task_view(kernel, task, nullptr));
            continue;
        }
        const auto stack = kernel.stack(task, kFramesOfScheduler);
        view.tasks.push_back(task_view(kernel, task, stack ? &*stack : nullptr));
    }
    view.incomplete = why_incomplete(kernel, list.incomplete);
    return view;
}

}  // namespace guestdump::view
